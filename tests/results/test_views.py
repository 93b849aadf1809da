"""The views that come with the package, run by DuckDB over rows of two runs."""

import datetime
from importlib.resources import files

import duckdb
import pytest

from ocr_tasks.results.writer import shard_bytes
from tests.results.answers import failed, line, read, row

MORNING = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)


def view(name):
    return files("ocr_tasks.results").joinpath(f"views/{name}.sql").read_text()


def rows_of_run(run_id, hour, answers, **columns):
    at = MORNING + datetime.timedelta(hours=hour)
    return [row(answer) | {"run_id": run_id, "processed_at": at} | columns for answer in answers]


@pytest.fixture
def database(tmp_path):
    """A view `pages` over a run of three pages and a retry that mended one and met a new one."""
    good, bad, worse = read(0, [line(text="good")]), failed(1), failed(2)
    runs = {
        "june": rows_of_run("june", 0, [good, bad, worse]),
        "june-2": rows_of_run("june-2", 1, [read(1, [line(text="mended")]), worse, read(3)]),
        "other": rows_of_run("other", 2, [failed(0)], collection="other"),
    }
    for run_id, rows in runs.items():
        (tmp_path / f"{run_id}.parquet").write_bytes(shard_bytes(rows, {}))
    with duckdb.connect() as connection:
        pages = f"read_parquet('{tmp_path}/*.parquet')"
        connection.execute(f"CREATE VIEW pages AS SELECT * FROM {pages}")
        connection.execute(view("latest"))
        connection.execute(view("lines"))
        yield connection


def test_of_every_page_the_newest_row_is_the_latest(database):
    found = database.sql(
        "SELECT run_id, status, text FROM latest WHERE collection = 'ledgers' ORDER BY page_id"
    ).fetchall()
    assert found == [
        ("june", "ok", "good"),
        ("june-2", "ok", "mended"),
        ("june-2", "failed", None),
        ("june-2", "blank", ""),
    ]


def test_the_same_place_in_two_collections_is_two_pages(database):
    found = database.sql("SELECT run_id FROM latest WHERE collection = 'other'").fetchall()
    assert found == [("other",)]


def test_the_lines_of_the_latest_rows_are_found_by_run_and_page(database):
    found = database.sql("SELECT text FROM lines SEMI JOIN latest USING (run_id, page_id)")
    assert found.fetchall() == [("good",), ("mended",)]
