"""Every page of a scanned archive becomes one row of Parquet.

Three lines read pages from Python::

    from ocr_tasks.jobs.ocr import read
    for page in read(["scans/", "report.pdf"]):
        print(page.text)
"""

__version__ = "0.1.0"
