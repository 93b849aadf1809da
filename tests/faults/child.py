"""The command ``ocr-tasks`` in a process with something wrong in it, as the environment says.

``python -m tests.faults.child archive-ocr …`` is the command line and nothing else, with the
faults of ``hooks`` installed before. Pool workers import the main module anew, so they have
them too.
"""

from tests.faults.hooks import install

install()

if __name__ == "__main__":
    from ocr_tasks.cli.main import main

    main()
