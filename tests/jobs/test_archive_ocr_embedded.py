"""Pages that bring their text along, from the file to the row, among others that are read."""

import cv2
import numpy as np

from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.ocr import OcrSettings, read
from ocr_tasks.planning import read_plan
from tests.archive.typeset import AT_144, LINES, rendered, text, typeset
from tests.jobs.runs import do_in_turn, page, rows_in, settings_for
from tests.makers import fill_folder, png, tar

BORN_DIGITAL = typeset(text())
FILES = {
    "a.pdf": BORN_DIGITAL,
    "b.png": png(page("a scan")),
    "c.tar": tar([("d.pdf", BORN_DIGITAL)]),
    "e.pdf": typeset(b"1 g " + text()),
}
TAKEN = {"a.pdf", "c.tar"}


def rows_of(folder, **decode):
    settings = settings_for(
        fill_folder(folder / "in", FILES), folder / "out", decode={"pdf_dpi": 144} | decode
    )
    seal = do_in_turn(settings)
    return seal, {row["source_uri"].rsplit("/", 1)[-1]: row for row in rows_in(folder / "out")}


def test_text_that_a_page_brings_along_is_its_row(tmp_path):
    seal, rows = rows_of(tmp_path)
    assert seal["by_status"] == {"embedded_text": 2, "ok": 1, "blank": 1}
    assert {name for name, row in rows.items() if row["status"] == "embedded_text"} == TAKEN
    for name in TAKEN:
        row = rows[name]
        assert row["text"].splitlines() == LINES
        assert [line["text"] for line in row["lines"]] == LINES
        assert (row["text_source"], row["conf_mean"], row["n_lines"]) == ("embedded", None, 3)
        assert (row["det_ms"], row["rec_ms"], row["orientation_deg"]) == (0, 0, 0)
        assert (row["width_px"], row["height_px"], row["dpi"]) == (800, 600, 144)
        assert row["render_scale"] == 2
        polygons = rendered(BORN_DIGITAL).embedded.polygons.round(2)
        assert [line["polygon"] for line in row["lines"]] == polygons.reshape(-1, 8).tolist()
    assert rows["a.pdf"]["image_sha256"] == rows["c.tar"]["image_sha256"]


def test_the_seals_mean_confidence_is_that_of_pages_that_were_read(tmp_path):
    seal, rows = rows_of(tmp_path)
    assert seal["conf_mean"] == rows["b.png"]["conf_mean"]


def test_the_switch_has_every_page_read(tmp_path):
    seal, rows = rows_of(tmp_path, embedded_text=False)
    assert "embedded_text" not in seal["by_status"]
    assert {row["text_source"] for row in rows.values()} <= {"ocr", "none"}
    assert rows["a.pdf"]["width_px"] == 800


def test_the_switch_is_part_of_the_plan_and_of_the_digest_of_settings(tmp_path):
    source = fill_folder(tmp_path / "in", FILES)
    digests = set()
    for run_id, taken in (("r1", True), ("r2", False)):
        settings = settings_for(source, tmp_path / "out", decode={"embedded_text": taken})
        archive_ocr.plan(settings, run_id)
        frozen = read_plan(settings.output, run_id).frozen
        assert frozen.settings["decode"]["embedded_text"] is taken
        digests.add(frozen.config_sha256)
    assert len(digests) == 2


def test_a_first_try_takes_the_text_too_and_draws_its_lines(tmp_path):
    source = fill_folder(tmp_path / "in", {"a.pdf": BORN_DIGITAL})
    settings = OcrSettings.load(overrides={"engine": {"kind": "fake"}, "decode": {"pdf_dpi": 144}})
    (taken,) = read(source, settings)
    assert taken.text.splitlines() == LINES
    assert {line.confidence for line in taken.lines} == {1.0}
    taken.save(str(tmp_path / "out"))
    drawn = cv2.imread(str(tmp_path / "out" / "a_ocr_res_img.jpg"))
    plain = rendered(BORN_DIGITAL, AT_144).pixels
    assert drawn.shape == plain.shape
    inside = np.abs(drawn.astype(int) - plain)[30:60, 30:100].mean()
    assert inside > 3 * np.abs(drawn.astype(int) - plain)[100:].mean()
