"""PDF pages to pixels."""

import io
from contextlib import closing

import numpy as np
import pytest

from ocr_tasks.archive.pdf import OpenPdf, count_pdf_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.errors import BadPdfError, EncryptedError, TooLargeError
from tests import makers
from tests.makers import difference

AT_72 = DecodeSpec(pdf_dpi=72)
CORNERS = makers.draw_corners()


def opened(data, spec=AT_72):
    return closing(OpenPdf(io.BytesIO(data), spec))


def render(data, page_index=0, spec=AT_72):
    with opened(data, spec) as document:
        return document.render(page_index)


@pytest.mark.parametrize("pages", [1, 3, 40])
def test_pages_are_counted(pages):
    assert count_pdf_pages(io.BytesIO(makers.blank_pdf([(72, 72)] * pages))) == pages


def test_each_page_has_its_own_pixels():
    drawn = [CORNERS, makers.draw_page(["first"]), CORNERS[::-1]]
    with opened(makers.pdf(drawn)) as document:
        for index in (2, 0, 1):
            assert difference(document.render(index).pixels, drawn[index]) < 4


@pytest.mark.parametrize("dpi", [72, 150, 200])
def test_a_page_is_rendered_at_the_resolution_asked_for(dpi):
    raster = render(makers.drawn_pdf(), spec=DecodeSpec(pdf_dpi=dpi))
    assert raster.pixels.shape[0] == pytest.approx(60 * dpi / 72, abs=1.01)
    assert raster.pixels.shape[1] == pytest.approx(100 * dpi / 72, abs=1.01)
    assert raster.dpi == dpi
    assert raster.render_scale == pytest.approx(dpi / 72)


@pytest.mark.parametrize(
    ("rotation", "shape", "black"),
    [
        pytest.param(0, (60, 100), np.s_[:, :49], id="as it is"),
        pytest.param(90, (100, 60), np.s_[:49, :], id="turned a quarter"),
        pytest.param(180, (60, 100), np.s_[:, 51:], id="upside down"),
        pytest.param(270, (100, 60), np.s_[51:, :], id="turned three quarters"),
    ],
)
def test_a_page_is_shown_as_its_rotation_flag_says(rotation, shape, black):
    pixels = render(makers.drawn_pdf(rotation)).pixels
    assert pixels.shape[:2] == shape
    assert (pixels[black] == 0).all()
    assert pixels.mean() == pytest.approx(127.5, abs=2)


def test_a_page_without_content_is_white():
    assert (render(makers.blank_pdf([(50, 50)])).pixels == 255).all()


def test_colours_are_in_the_order_of_bgr():
    pixels = render(makers.pdf([CORNERS])).pixels
    assert difference(pixels, CORNERS) < 4
    assert difference(pixels, CORNERS[:, :, ::-1]) > 50


DOCUMENT = makers.pdf([CORNERS, CORNERS])


@pytest.mark.parametrize(
    ("data", "error"),
    [
        pytest.param(makers.drawn_pdf(user_password=True), EncryptedError, id="password"),
        pytest.param(b"%PDF-1.7\n" + b"nothing of the kind" * 50, BadPdfError, id="only a header"),
        pytest.param(DOCUMENT[:200], BadPdfError, id="cut short"),
        pytest.param(b"%PDF-1.4\n%%EOF\n", BadPdfError, id="header and trailer"),
        pytest.param(makers.blank_pdf([]), BadPdfError, id="no pages"),
    ],
)
def test_a_document_that_cannot_be_opened_is_an_error_of_its_kind(data, error):
    with pytest.raises(error):
        count_pdf_pages(io.BytesIO(data))
    with pytest.raises(error):
        render(data)


def test_a_page_beyond_the_last_is_an_error():
    with pytest.raises(BadPdfError):
        render(makers.blank_pdf([(72, 72)]), page_index=1)


def test_a_huge_page_is_refused_before_it_is_rendered():
    with pytest.raises(TooLargeError):
        render(makers.blank_pdf([(200_000, 200_000)]), spec=DecodeSpec())


def test_a_huge_page_leaves_its_neighbours_readable():
    data = makers.blank_pdf([(72, 72), (14_000, 14_000), (36, 72)])
    spec = DecodeSpec(pdf_dpi=72, max_pixels=100_000_000)
    with opened(data, spec) as document:
        assert document.render(0).pixels.shape == (72, 72, 3)
        with pytest.raises(TooLargeError):
            document.render(1)
        assert document.render(2).pixels.shape == (72, 36, 3)


def test_a_very_small_page_has_at_least_a_pixel():
    height, width, _ = render(makers.blank_pdf([(0.4, 0.4)])).pixels.shape
    assert (height, width) == (1, 1)


def test_the_pixels_outlive_the_document():
    pixels = render(makers.pdf([CORNERS])).pixels
    makers.pdf([makers.draw_noise()] * 3)
    assert difference(pixels, CORNERS) < 4


@pytest.mark.parametrize(
    ("scanned_at", "rendered_at"),
    [
        pytest.param(200.0, 200, id="a scan as it is"),
        pytest.param(600.0, 300, id="a fine scan at no more than asked for"),
        pytest.param(72.0, 150, id="a coarse scan enlarged"),
    ],
)
def test_a_scan_is_rendered_at_the_dots_it_has(scanned_at, rendered_at):
    page = makers.draw_page(["a scan"])
    raster = render(makers.pdf([page], dpi=scanned_at), spec=DecodeSpec(pdf_dpi=300))
    assert raster.dpi == pytest.approx(rendered_at, rel=0.01)
    height = page.shape[0] * rendered_at / scanned_at
    assert raster.pixels.shape[0] == pytest.approx(height, abs=2)
