"""The limits of decoding: none is so large that a decoder could not be started with it."""

import re
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import ArchiveSpec, DecodeSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.records import Page
from tests import makers
from tests.archive.reading import read


def most(spec):
    """The largest value of each number of a spec; None where it has none."""
    hints = get_type_hints(spec, include_extras=True)
    return {
        name: next((bound.le for bound in get_args(hint)[1:] if hasattr(bound, "le")), None)
        for name, hint in hints.items()
        if hint in {int, float} or get_origin(hint) is Annotated
    }


DECODE, ARCHIVES = most(DecodeSpec), most(ArchiveSpec)
NUMBERS = {f"decode.{name}": value for name, value in DECODE.items()}
NUMBERS |= {f"decode.archives.{name}": value for name, value in ARCHIVES.items()}


def settings(key, value):
    for name in reversed(key.split(".")):
        value = {name: value}
    return ArchiveOcrSettings.revive({"input": "in", "output": "out"} | value)


@pytest.mark.parametrize("key", NUMBERS)
def test_a_number_has_an_upper_bound_of_which_the_docs_tell(key):
    assert NUMBERS[key] is not None
    settings(key, NUMBERS[key])
    for beyond in (NUMBERS[key] + 1, 99999999999999, float("inf"), float("nan")):
        with pytest.raises(SettingsError, match=re.escape(key)):
            settings(key, beyond)
    row = re.search(rf"^\| `{key}` \|.*$", Path("docs/archive_ocr.md").read_text(), re.MULTILINE)
    assert f"At most {NUMBERS[key]:,.0f}." in row[0]


def test_the_largest_limits_of_all_are_limits_under_which_pages_are_read(tmp_path):
    spec = DecodeSpec(**DECODE, archives=ArchiveSpec(**ARCHIVES))
    pictures = [("a.png", makers.png(makers.draw_corners()))]
    url = makers.fill_folder(tmp_path, {"a.zip": makers.zip_of(pictures), **dict(pictures)})
    assert all(isinstance(page, Page) for page in read(list(list_pages(url, spec)), spec))
