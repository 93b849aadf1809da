import pytest

from ocr_tasks.text.scripts import is_mostly_wide, length_band, script_of


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("學而時習之", True),
        ("ひらがな カタカナ", True),
        ("한국어 문장", True),
        ("page 12 學而時習之不亦說乎", True),
        ("learning 學", False),
        ("Ελληνικά и русский", False),
        ("  ", False),
        ("", False),
    ],
)
def test_east_asian_text_is_known_by_most_of_its_characters(text, wide):
    assert is_mostly_wide(text) == wide


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Élise, le 7 mai", "LATIN"),
        ("Ελληνικά", "GREEK"),
        ("русский 7", "CYRILLIC"),
        ("學而時習之", "CJK"),
        ("עברית", "HEBREW"),
        ("ab русский", "CYRILLIC"),
        ("12/03/1884", "NONE"),
        ("…", "NONE"),
        ("", "NONE"),
    ],
)
def test_the_script_of_a_text_is_that_of_most_of_its_letters(text, script):
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("length", "band"),
    [(0, "≤10"), (10, "≤10"), (11, "≤25"), (25, "≤25"), (26, "≤50"), (50, "≤50"), (51, ">50")],
)
def test_a_text_lies_in_the_band_of_its_length(length, band):
    assert length_band("a" * length) == band
