"""Images are decoded whole or not at all, by one process or by several."""

import pytest

from ocr_tasks import storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.inspection import BATCH, ImageFacts, ImageFault, inspect_images
from tests.makers import damaged, draw_corners, draw_noise, fill_folder, jpeg, pdf, png, tiff

SPEC = DecodeSpec(max_pixels=100_000)


def inspected(folder, files, workers=1, heard=None):
    """What is found in each of the files, by its name."""
    url = fill_folder(folder, files)
    images = list(storage.list_objects(url))
    progress = (lambda *_: None) if heard is None else (lambda *told: heard.append(told))
    answers = inspect_images(images, SPEC, workers, progress)
    return {uri.rsplit("/", 1)[-1]: answer for uri, answer in answers.items()}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "E_EMPTY"),
        (bytes(100), "E_UNSUPPORTED"),
        (b"plain text", "E_UNSUPPORTED"),
        (pdf([draw_corners()]), "E_UNSUPPORTED"),
        (b"GIF89a", "E_UNSUPPORTED"),
        (jpeg(draw_noise())[:-500], "E_TRUNCATED"),
        (png(draw_noise())[:-500], "E_TRUNCATED"),
        (png(draw_corners(400, 400)), "E_TOO_LARGE"),
        (damaged(png(draw_noise()), at=1000), "E_NOT_IMAGE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_decoded_is_a_fault_with_its_code(tmp_path, data, code):
    answer = inspected(tmp_path, {"x.jpg": data})["x.jpg"]
    assert isinstance(answer, ImageFault)
    assert (answer.code, bool(answer.message)) == (code, True)


def test_an_image_is_told_by_its_content_and_measured_upright(tmp_path):
    page = draw_corners(40, 64)
    files = {"a.png": jpeg(page, orientation=6), "b.jpg": png(page), "c.gif": tiff(page)}
    answers = inspected(tmp_path, files)
    sizes = {name: (answer.width, answer.height) for name, answer in answers.items()}
    assert sizes == {"a.png": (40, 64), "b.jpg": (64, 40), "c.gif": (64, 40)}
    assert answers["b.jpg"].pixels_sha256 == answers["c.gif"].pixels_sha256
    assert answers["b.jpg"].pixels_sha256 != answers["a.png"].pixels_sha256


def test_several_processes_find_what_one_does_and_tell_of_every_image(tmp_path):
    count = BATCH + 20
    files = {f"{seed}.png": png(draw_noise(12, 16, seed)) for seed in range(count)}
    heard = []
    by_two = inspected(tmp_path / "two", files, 2, heard)
    by_one = inspected(tmp_path / "one", files)
    assert by_two == by_one
    assert all(isinstance(answer, ImageFacts) for answer in by_one.values())
    assert (heard[0], heard[-1]) == ((0, count), (count, count))


def test_no_images_need_no_process(tmp_path):
    assert inspect_images([], SPEC) == {}
