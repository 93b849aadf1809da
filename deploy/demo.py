"""The demo: runs the DAG archive_ocr over the sample archive, without a server.

Everything is written below the folder given as the only argument; Airflow's metadata go into a
SQLite file there.
"""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "data" / "sample_archive"


def main(folder: Path) -> int:
    """Runs the demo in ``folder``; the exit code is 0 only if the DAG run succeeded."""
    folder = folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    results = folder / "results"
    _configure_airflow(folder / "airflow")
    print(f"Running the DAG archive_ocr over {SAMPLE.relative_to(ROOT)}: it takes about a minute.")
    started = time.monotonic()
    seal = _run_dag({"input": str(SAMPLE), "output": str(results), "collection": "sample"})
    if seal is None:
        print(f"the DAG run failed; its log is in {folder / 'airflow' / 'logs'}", file=sys.stderr)
        return 1
    _report(seal, results, folder, time.monotonic() - started)
    return 0


def _configure_airflow(home: Path) -> None:
    """Airflow's settings for one process; must come before Airflow is imported."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW__", "OCR_TASKS_"))]:
        del os.environ[name]  # the demo is the same whatever else is set up here
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }
    home.mkdir(parents=True)


def _run_dag(conf: dict[str, Any]) -> dict[str, Any] | None:
    """The seal of a run of the DAG, or None if the run failed."""
    from airflow.dag_processing.dagbag import BundleDagBag
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    with create_session() as session:
        Pool.create_or_update_pool("ocr", 1, "shards read at once", False, session=session)
    dags = ROOT / "dags"
    bag = BundleDagBag(dag_folder=dags, bundle_path=dags, bundle_name="dags-folder")
    dag_run = bag.dags["archive_ocr"].test(run_conf=conf)
    if dag_run.state != "success":
        return None
    from ocr_common import run_id_of

    from ocr_tasks.jobs import archive_ocr as job

    return job.seal(conf["output"], run_id_of(dag_run.run_id))


def _report(seal: dict[str, Any], results: Path, folder: Path, seconds: float) -> None:
    """The table, some text, and where the Parquet and the picture are."""
    from ocr_tasks.console import out, print_seal

    print_seal(seal, seal["pages"] / seconds)
    row = _row_to_show(results)
    out.print(f"\n[bold]{row['source_uri'].rsplit('/', 1)[-1]}[/], page {row['page_index'] + 1}:")
    for line in row["lines"][:8]:
        shown = f"  {line['conf']:.2f}  {line['text']}"
        out.print(shown, markup=False, highlight=False, soft_wrap=True)
    picture = _draw(row, folder)
    out.print()
    for part in sorted(results.glob("pages/*/*/*.parquet")):
        out.print(f"Parquet: {part}", soft_wrap=True, highlight=False)
    out.print(f"Picture: {picture}", soft_wrap=True, highlight=False)


def _row_to_show(results: Path) -> dict[str, Any]:
    import pyarrow.dataset as ds

    rows = ds.dataset(results / "pages", partitioning="hive").to_table().to_pylist()
    return next(row for row in rows if row["source_uri"].endswith("annual-report-1984.pdf"))


def _draw(row: dict[str, Any], folder: Path) -> Path:
    """The row's page with its boxes, drawn from what stands in the Parquet."""
    import numpy as np

    from ocr_tasks.archive.listing import list_pages
    from ocr_tasks.archive.raster import DecodeSpec
    from ocr_tasks.archive.reader import read_pages
    from ocr_tasks.imaging.drawing import draw_lines, jpeg_bytes

    spec = DecodeSpec()
    in_file = list_pages(row["source_uri"], spec)
    expected = next(page for page in in_file if page.page_id == row["page_id"])
    (page,) = read_pages([expected], spec)
    polygons = np.array([line["polygon"] for line in row["lines"]], np.float32).reshape(-1, 4, 2)
    drawn = draw_lines(page.image, polygons, [line["conf"] for line in row["lines"]])
    picture = folder / "page-with-boxes.jpg"
    picture.write_bytes(jpeg_bytes(drawn))
    return picture


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
