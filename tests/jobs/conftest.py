"""An archive with every kind of end a page can come to, and the settings of a run over it."""

import pytest

from tests.jobs.runs import page, settings_for
from tests.makers import fill_folder, jpeg, pdf, png, tar


@pytest.fixture
def scans(tmp_path):
    """A small archive of every kind of end a page can come to."""
    blank = page("")
    blank[:] = 255
    files = {
        "a.png": png(page("first")),
        "b/b.jpg": jpeg(page("second")),
        "b/blank.png": png(blank),
        "c.pdf": pdf([page("third"), page("fourth"), page("fifth")]),
        "cut.jpg": jpeg(page("cut"))[:-200],
        "leaves.tar": tar([("x/1.png", png(page("sixth"))), ("x/2.png", png(page("seventh")))]),
        "notes.txt": b"nothing to see here",
        "z.png": png(page("last")),
    }
    return fill_folder(tmp_path / "scans", files)


@pytest.fixture
def settings(scans, tmp_path):
    return settings_for(scans, tmp_path / "out")
