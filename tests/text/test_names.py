import pytest

from ocr_tasks.text.names import visible


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("reçu № 7 漢字.jpg", "reçu № 7 漢字.jpg", id="letters of any kind"),
        pytest.param("a\x1b[31mred\x1b[0m", r"a\x1b[31mred\x1b[0m", id="colours of a terminal"),
        pytest.param("a\nb\r\tc", r"a\nb\r\tc", id="new lines"),
        pytest.param("gpj.\u202eexe", r"gpj.\u202eexe", id="writing turned round"),
        pytest.param("a\x9b2Jb", r"a\x9b2Jb", id="an older way to command a terminal"),
        pytest.param("a\udcffb", r"a\udcffb", id="a byte that is no UTF-8"),
        pytest.param("zero\u200bwidth", r"zero\u200bwidth", id="what nobody sees"),
    ],
)
def test_a_name_is_shown_on_one_line_and_commands_nothing(name, shown):
    assert visible(name) == shown
