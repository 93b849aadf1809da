"""What is known of images: kept from one check to the next, as long as it holds."""

from ocr_tasks import storage
from ocr_tasks.dataset import facts
from ocr_tasks.dataset.facts import image_facts, known_bytes, read_known
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.inspection import ImageFault
from ocr_tasks.dataset.reading import objects_in
from tests.makers import damaged, draw_noise, fill_folder, png

LIMITS = LimitSpec()


def told(url, limits=LIMITS, known=None):
    """Facts of all images, and how many had to be decoded for them."""
    heard = [(0, 0)]
    objects = objects_in(url)
    found = image_facts(
        objects, objects, limits, known or {}, 1, lambda *progress: heard.append(progress)
    )
    return found, heard[-1][1]


def keep(url, found, at):
    storage.write(at, known_bytes(objects_in(url), found))
    return read_known(at)


def test_an_image_that_has_not_changed_is_not_decoded_again(tmp_path):
    files = {f"{seed}.png": png(draw_noise(12, 16, seed)) for seed in range(4)}
    url = fill_folder(tmp_path / "data", files | {"bad.png": damaged(files["0.png"], at=60)})
    first, decoded = told(url)
    assert decoded == 5
    known = keep(url, first, str(tmp_path / "images.parquet"))
    (tmp_path / "data/1.png").write_bytes(png(draw_noise(12, 16, 9)))
    (tmp_path / "data/new.png").write_bytes(png(draw_noise(12, 16, 10)))
    second, decoded = told(url, known=known)
    assert decoded == 3  # the changed one, the new one, and the one that could not be decoded
    assert second == told(url)[0]
    assert isinstance(second["bad.png"], ImageFault)
    assert second["1.png"] != first["1.png"]


def test_what_is_known_does_not_pass_a_lower_limit(tmp_path):
    url = fill_folder(tmp_path / "data", {"a.png": png(draw_noise(12, 16))})
    known = keep(url, told(url)[0], str(tmp_path / "images.parquet"))
    found, decoded = told(url, LimitSpec(max_pixels=100), known)
    assert (found["a.png"].code, decoded) == ("E_TOO_LARGE", 1)


def test_what_is_damaged_absent_or_of_another_version_is_not_known(tmp_path, monkeypatch):
    at = tmp_path / "images.parquet"
    assert read_known(str(at)) == {}
    url = fill_folder(tmp_path / "data", {"a.png": png(draw_noise(12, 16))})
    assert keep(url, told(url)[0], str(at))
    monkeypatch.setattr(facts, "__version__", "0.0.0")
    assert read_known(str(at)) == {}
    monkeypatch.undo()
    at.write_bytes(damaged(at.read_bytes(), at=40))
    assert read_known(str(at)) == {}


def test_paths_that_lead_nowhere_have_no_facts(tmp_path):
    url = fill_folder(tmp_path / "data", {"a.png": png(draw_noise(12, 16))})
    found = image_facts(objects_in(url), ["a.png", "./a.png", "../x", "b.png"], LimitSpec(), {}, 1)
    assert list(found) == ["a.png"]
