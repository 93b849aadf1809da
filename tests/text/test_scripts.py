import pytest

from ocr_tasks.text.scripts import is_mostly_wide


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
