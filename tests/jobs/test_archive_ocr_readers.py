"""Rows of a sealed run, as others read them."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import BY_STATUS, do_in_turn, rows_in

VIEWS = Path(archive_ocr.__file__).parents[1] / "results" / "views"


@pytest.fixture
def sealed(settings):
    do_in_turn(settings)
    return settings.output


def test_duckdb_finds_the_rows_by_a_glob_and_unnests_their_lines(sealed):
    rows = rows_in(sealed)
    with duckdb.connect() as database:
        database.execute(
            "CREATE VIEW pages AS SELECT * FROM "
            f"read_parquet('{sealed}/pages/**/*.parquet', hive_partitioning = true)"
        )
        counts = database.sql("SELECT run, collection, status, count(*) FROM pages GROUP BY ALL")
        assert set(counts.fetchall()) == {("r1", "default", *item) for item in BY_STATUS.items()}
        database.execute((VIEWS / "lines.sql").read_text())
        lines = database.sql("SELECT page_id, reading_order, text, bbox FROM lines").fetchall()
    assert sorted(lines) == sorted(
        (row["page_id"], line["reading_order"], line["text"], line["bbox"])
        for row in rows
        for line in row["lines"] or []
    )
    assert len(lines) == 8


def test_polars_finds_the_rows_by_a_glob_and_explodes_their_lines(sealed):
    pages = pl.scan_parquet(f"{sealed}/pages/**/*.parquet", hive_partitioning=True).collect()
    assert dict(pages.group_by("status").len().iter_rows()) == BY_STATUS
    lines = pages.select("page_id", "lines").explode("lines").drop_nulls("lines").unnest("lines")
    assert lines.height == 8
    assert lines["text"].str.len_chars().to_list() == [16] * 8
