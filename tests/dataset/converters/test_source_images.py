"""Images are found by what labels call them, within the source, nearest first."""

import pytest

from ocr_tasks.dataset.converters.source_images import SourceImages
from ocr_tasks.errors import LabelFileError
from ocr_tasks.storage import StoredObject

PATHS = [
    "one/0001.jpg",
    "one/page/0001.xml",
    "two/0001.jpg",
    "two/0001.xml",
    "two/alone.png",
    "deep/a/same.tif",
    "deep/b/same.tif",
    "img.v2.JPG",
    "notes.txt",
]


def found(name, labels):
    images = SourceImages((path, StoredObject(path, 1, "", True)) for path in PATHS)
    return images.find(name, labels).uri


@pytest.mark.parametrize(
    ("name", "labels", "path"),
    [
        pytest.param("0001.jpg", "one/page/0001.xml", "one/0001.jpg", id="the nearest of two"),
        pytest.param("0001.jpg", "two/0001.xml", "two/0001.jpg", id="beside it"),
        pytest.param("0001.tif", "two/0001.xml", "two/0001.jpg", id="another ending"),
        pytest.param("C:\\scans\\alone.tiff", "x.xml", "two/alone.png", id="a path of Windows"),
        pytest.param("/data/master/alone.png", "x.xml", "two/alone.png", id="a path elsewhere"),
        pytest.param("https://host/iiif/alone.png", "x.xml", "two/alone.png", id="a URL"),
        pytest.param("", "two/alone.xml", "two/alone.png", id="by the labels' own name"),
        pytest.param(
            "gone.jpg", "two/alone.xml", "two/alone.png", id="by it where another is gone"
        ),
        pytest.param("img.v2", "x.txt", "img.v2.JPG", id="a name with a dot"),
    ],
)
def test_an_image_is_found(name, labels, path):
    assert found(name, labels) == path


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        ("none.jpg", "x.xml", "no image called none.jpg"),
        ("", "x.xml", "no image called x"),
        ("notes.txt", "x.xml", "no image called notes.txt"),
        ("../../etc/passwd", "x.xml", "no image called passwd"),
        ("0001.jpg", "x.xml", "several images are called 0001.jpg: one/0001.jpg, two/0001.jpg"),
        ("same.tif", "deep/x.xml", "several images"),
    ],
)
def test_none_or_several_are_told(name, labels, said):
    with pytest.raises(LabelFileError, match=said):
        found(name, labels)
