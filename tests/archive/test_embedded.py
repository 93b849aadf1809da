"""Which pages are taken at their word: real PDFs, through pdfium, and what keeps them from it."""

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from ocr_tasks.archive.raster import DecodeSpec
from tests.archive.typeset import (
    AT_144,
    LINES,
    SIZE,
    draw,
    lines_in,
    picture,
    rendered,
    stream,
    text,
    typeset,
)

TRUTH = Path(__file__).parents[1] / "data" / "sample_truth.jsonl"
AS_SCAN = DecodeSpec(pdf_dpi=144, embedded_text=False)
UPRIGHT = {  # of a page of 400 x 400 points that is shown so many degrees turned
    0: b"1 0 0 1 0 0",
    90: b"0 1 -1 0 400 0",
    180: b"-1 0 0 -1 400 400",
    270: b"0 -1 1 0 0 400",
}
NEXT_TO_TEXT = b"0.4 g 30 100 60 60 re f 30 100 m 90 160 l S "  # a drawing, and no rule


def test_a_page_set_in_type_comes_with_its_lines():
    assert lines_in(typeset(text())) == LINES


def test_transcriptions_set_in_type_come_back_to_the_letter():
    pages = [json.loads(line) for line in TRUTH.read_text(encoding="utf-8").splitlines()]
    longest = sorted((page["text"] for page in pages), key=len)[-3:]
    for truth in longest:
        latin = truth.encode("cp1252", "ignore").decode("cp1252").replace("\u00ad", "-")
        lines = textwrap.wrap(" ".join(latin.split()), 95)
        for size in (6, 10):
            content = text(lines, 40, 800, size, 1.2 * size)
            assert lines_in(typeset(content, size=(595, 842))) == lines


@pytest.mark.parametrize("rotation", UPRIGHT)
@pytest.mark.parametrize("box", [b"", b"/CropBox [20 30 390 380]"], ids=["whole", "cut to a box"])
def test_lines_lie_where_the_rendered_page_has_its_ink(rotation, box):
    content = b"q %s cm %s Q" % (UPRIGHT[rotation], text(left=60, top=300))
    data = typeset(content, rotation, box, size=(400, 400))
    taken, read = rendered(data), rendered(data, AS_SCAN)
    assert read.embedded is None
    assert read.pixels.shape[:2] == (taken.height, taken.width)
    assert (read.dpi, read.render_scale) == (taken.dpi, taken.render_scale)
    assert taken.embedded.texts == tuple(LINES)
    is_ink = read.pixels.min(axis=2) < 128
    for polygon in taken.embedded.polygons:
        (x0, y0), (x1, y1) = polygon[0].astype(int), np.ceil(polygon[2]).astype(int)
        within = is_ink[y0:y1, x0:x1]
        assert within.any(axis=0)[[0, 1, -2, -1]].any()
        assert 0.05 < within.mean() < 0.6
        is_ink[y0 - 1 : y1 + 1, x0 - 1 : x1 + 1] = False
    assert not is_ink.any()


def test_what_is_trusted_comes_with_a_coarse_picture_in_the_frame_of_a_fine_one():
    raster = rendered(typeset(text()), DecodeSpec(pdf_dpi=300))
    assert (raster.width, raster.height) == (1667, 1250)
    assert raster.pixels.shape == (300, 400, 3)
    assert raster.dpi == 300


def form(content):
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 400 300] /Matrix [1 0 0 1 10 5]"
    resources = b" /Resources << /Font << /F 5 0 R >> >>"
    return stream(content, entries + resources)


def annotation(kind, entries=b""):
    return (
        b"<< /Type /Annot /Subtype /%s /Rect [30 255 150 275] /Border [0 0 0] /F 4 /AP << /N"
        b" 6 0 R >> %s >>" % (kind, entries)
    )


WHITE = b"1 g 20 200 300 80 re f 0 g "
TABLE = (
    b"0.9 g 20 215 300 60 re f 0 g 20 215 300 60 re S 20 235 m 320 235 l S 20 255 m 320 255 l S "
)
TRUSTED = {
    "rules and tinted fields": typeset(TABLE + text(top=260, leading=20)),
    "white on blue": typeset(b"0 0 0.6 rg 0 150 400 150 re f 1 g " + text()),
    "grey type": typeset(b"0.55 g " + text()),
    "bullets that are drawn": typeset(text() + b"20 262 4 4 re f 20 244 4 4 re f"),
    "a small even picture beside it": typeset(
        text() + draw(30, 30, 60, 60), more=[picture(4, 4, 230)]
    ),
    "underlined text": typeset(text() + b"0.8 w 30 257 m 180 257 l S"),
    "large type": typeset(text(LINES, top=250, size=28, leading=60), size=(400, 300)),
    "a form": typeset(b"/X Do", more=[form(text())]),
    "a link": typeset(
        text(), in_page=b"/Annots [7 0 R]", more=[form(b""), annotation(b"Link", b"/A << >>")]
    ),
    "type a little aslant": typeset(text(matrix="1 0.01 -0.01 1")),
}


@pytest.mark.parametrize("data", TRUSTED.values(), ids=list(TRUSTED))
def test_what_is_usual_beside_text_does_not_keep_it_from_being_trusted(data):
    assert lines_in(data) == LINES


def font(to_unicode=None):
    """A font whose one letter, A, is a box; ``to_unicode`` says which character that is."""
    glyph = stream(b"600 0 0 0 500 700 d1 0 0 500 700 re f")
    known = b"" if to_unicode is None else b"/ToUnicode 8 0 R"
    of_font = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [.001 0 0 .001 0 0]"
        b" /CharProcs << /g1 7 0 R >> /Encoding << /Type /Encoding /Differences [65 /g1] >>"
        b" /FirstChar 65 /LastChar 65 /Widths [600] /Resources << >> %s >>" % known
    )
    mapping = (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /x def"
        b" 1 begincodespacerange <00> <FF> endcodespacerange"
        b" 1 beginbfchar <41> <%s> endbfchar endcmap end end" % (to_unicode or b"")
    )
    return {"font": of_font, "more": [b"null", glyph, stream(mapping)]}


BOXES = text(["A" * 20] * 3)


def test_a_font_that_says_what_its_letters_are_is_believed():
    assert lines_in(typeset(BOXES, **font(b"0041"))) == ["A" * 20] * 3


NAMELESS = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica"
    b" /Encoding << /Type /Encoding /Differences [97 /g1 /g2 /g3 /g4 /g5 /g6 /g7] >> >>"
)
DOUBTFUL = {
    "an OCR layer behind a scan": typeset(
        draw(0, 0, *SIZE) + b"3 Tr " + text(), more=[picture(40, 30)]
    ),
    "an OCR layer without its scan": typeset(b"3 Tr " + text()),
    "some invisible text": typeset(text() + b"3 Tr " + text(["and more"], top=100)),
    "text that only clips": typeset(b"q 7 Tr " + text() + b"Q"),
    "text under a scan": typeset(text() + draw(0, 0, *SIZE), more=[picture(40, 30)]),
    "text on a picture": typeset(draw(25, 250, 90, 30) + text(), more=[picture(9, 3, 200)]),
    "a large picture": typeset(text() + draw(30, 20, 200, 150), more=[picture(4, 4, 230)]),
    "a large picture in a form": typeset(
        text() + b"q 2 0 0 2 0 0 cm /X Do Q",
        more=[
            stream(
                draw(15, 10, 100, 75).replace(b"/X", b"/Y"),
                b"/Type /XObject /Subtype /Form /BBox [0 0 400 300]"
                b" /Resources << /XObject << /Y 7 0 R >> >>",
            ),
            picture(4, 4, 230),
        ],
    ),
    "a font without Unicode": typeset(BOXES, **font()),
    "letters whose names say nothing": typeset(text(["abcdefg" * 5] * 3), font=NAMELESS),
    "private use": typeset(BOXES, **font(b"E000")),
    "replacement characters": typeset(BOXES, **font(b"FFFD")),
    "control characters": typeset(BOXES, **font(b"0003")),
    "zero-width characters": typeset(BOXES, **font(b"200B")),
    "halves of characters": typeset(BOXES, **font(b"D83D")),
    "accents that stand alone": typeset(BOXES, **font(b"00B4")),
    "text from right to left": typeset(BOXES, **font(b"05D0")),
    "white on white": typeset(b"1 g " + text()),
    "a name under a bar": typeset(text() + b"0 g 30 256 40 14 re f"),
    "a digit that is cut away": typeset(
        text() + b"q 30 90 71 30 re W n " + text(["Amount 1234567"], top=100) + b"Q"
    ),
    "single digits that are white on white": typeset(
        text() + b"1 g " + b"".join(text(["9"], x, 100) for x in range(30, 330, 40))
    ),
    "white on a rule": typeset(
        text() + b"0 g 0.8 w 30 103 m 330 103 l S 1 g " + text(["of no colour at all"], top=100)
    ),
    "one line that is white on white": typeset(text() + b"1 g " + text(["of no colour"], top=100)),
    "text covered by white": typeset(text() + WHITE),
    "text covered by black": typeset(text() + b"0 g 20 200 300 80 re f"),
    "text covered by white and set anew": typeset(text() + WHITE + text([*LINES[:2], "other"])),
    "text cut away": typeset(b"q 0 0 20 20 re W n " + text() + b"Q"),
    "text without colour": typeset(
        b"/G gs " + text(),
        in_page=b"/Resources << /Font << /F 5 0 R >> /ExtGState << /G << /ca 0 >> >> >>",
    ),
    "text beside the page": typeset(text() + text(["far away"], left=390)),
    "text from top to bottom": typeset(
        b"".join(text(["A" * 1] * 14, x, 280) for x in (20, 60, 99))
    ),
    "a page on its side": typeset(text(), rotation=90),
    "a page upside down": typeset(text(), rotation=180),
    "a line on its side": typeset(text() + b"q 0 1 -1 0 380 0 cm " + text(["up"], top=0) + b"Q"),
    "text in a mirror": typeset(b"q -1 0 0 1 400 0 cm " + text() + b"Q"),
    "text upside down by its size": typeset(text(left=350, size=-12)),
    "a drawing": typeset(text() + NEXT_TO_TEXT),
    "a drawn word": typeset(
        text() + b"30 60 m 36 72 l 42 60 l S 45 60 m 45 72 l 52 66 l 45 60 l S 54 60 m 60 72 l S"
    ),
    "a stamp": typeset(text() + b"2 w 200 80 m 260 80 260 120 200 120 c 140 120 140 80 200 80 c S"),
    "a note": typeset(
        text(), in_page=b"/Annots [7 0 R]", more=[form(b""), annotation(b"FreeText")]
    ),
    "a field": typeset(
        text(),
        in_page=b"/Annots [7 0 R]",
        more=[form(b""), annotation(b"Widget", b"/FT /Tx /T (a) /V (b)")],
    ),
    "a few words": typeset(text(["Chapter One"])),
    "no text": typeset(b"0 g 30 30 100 100 re f"),
}


@pytest.mark.parametrize("data", DOUBTFUL.values(), ids=list(DOUBTFUL))
def test_a_page_that_is_doubtful_in_any_way_is_left_to_ocr(data):
    raster = rendered(data)
    assert raster.embedded is None
    assert raster.pixels.shape == (raster.height, raster.width, 3)
    assert (raster.pixels == rendered(data, AS_SCAN).pixels).all()


def test_the_switch_leaves_every_page_to_ocr():
    assert rendered(typeset(text()), AS_SCAN).embedded is None


def test_a_lower_rung_has_pixels_alone_as_the_text_may_have_been_the_fault():
    raster = rendered(typeset(text()), AT_144, most_dpi=75)
    assert raster.embedded is None
    assert raster.pixels.shape[1] == raster.width


def test_a_page_that_is_rendered_too_coarsely_to_tell_is_left_to_ocr():
    assert lines_in(typeset(text()), DecodeSpec(pdf_dpi=71)) is None
    assert lines_in(typeset(text()), DecodeSpec(pdf_dpi=72)) == LINES


def test_more_text_than_a_page_may_have_is_left_to_ocr(monkeypatch):
    data = typeset(text())
    count = len("  ".join(LINES))
    monkeypatch.setattr("ocr_tasks.archive.characters.MAX_CHARACTERS", count)
    assert lines_in(data) == LINES
    monkeypatch.setattr("ocr_tasks.archive.characters.MAX_CHARACTERS", count - 1)
    assert lines_in(data) is None


@pytest.mark.parametrize("limit", ["embedded.MAX_LINES", "characters.MAX_OBJECTS"])
def test_more_lines_or_objects_than_a_page_may_have_are_left_to_ocr(monkeypatch, limit):
    assert lines_in(typeset(text())) == LINES
    monkeypatch.setattr(f"ocr_tasks.archive.{limit}", 2)
    assert lines_in(typeset(text())) is None
