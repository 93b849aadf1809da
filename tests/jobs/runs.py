"""What the tests of the job share: runs with the fake engine, and looks at what they left."""

import hashlib
from pathlib import Path

import pyarrow.dataset as ds

from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from tests.makers import draw_page

PAGES = 11  # of the fixture `scans`
BY_STATUS = {"ok": 8, "blank": 1, "failed": 1, "skipped": 1}


def page(text):
    return draw_page([text], width=160, line_height=24)


def settings_for(source, output, **sections):
    values = {"engine": {"kind": "fake"}, "shards": {"pages": 2}} | sections
    return ArchiveOcrSettings.revive({"input": str(source), "output": str(output)} | values)


def do_in_turn(settings, run_id="r1"):
    """Plan, infer and seal in this process, as the tasks of a DAG do."""
    planned = archive_ocr.plan(settings, run_id)
    for shard_id in planned["shards"]:
        archive_ocr.infer(planned["output"], run_id, shard_id)
    return archive_ocr.seal(planned["output"], run_id)


def rows_in(output):
    pages = ds.dataset(Path(output) / "pages", partitioning="hive", format="parquet")
    return pages.to_table().to_pylist()


def state_of(output):
    """Every file below a folder with its time and digest."""
    return {
        str(path.relative_to(output)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in Path(output).rglob("*")
        if path.is_file()
    }


def parts_in(output):
    return {path.name: path for path in Path(output).glob("pages/**/*.parquet")}
