"""Copies of images, exact and near ones, and what is none."""

import numpy as np
import pytest

from ocr_tasks.dataset.copies import copy_findings, near_copy_findings
from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.rules import Place
from ocr_tasks.dataset.samples import Sample

TEXT = "the same sentence"
LOOK = bytes(range(32))
TWICE, LEAK = "IMAGE_NEARLY_TWICE", "IMAGE_NEARLY_LEAK"


def sample(line, label=TEXT, part="train"):
    return Sample(Place(part, f"{part}.txt", line, f"{part}-{line}.jpg"), label)


def facts_of(pixels="a", look=LOOK, width=400):
    return ImageFacts(width, 40, pixels, look, "of the file")


def other_look(bits):
    """LOOK with so many bits changed."""
    changed = np.unpackbits(np.frombuffer(LOOK, np.uint8))
    changed[:bits] ^= 1
    return np.packbits(changed).tobytes()


def found(rule, *pairs):
    samples = [sample for sample, _ in pairs]
    facts = {sample.place: facts for sample, facts in pairs if facts is not None}
    return [(each.rule.code, str(each.place)) for each in rule(samples, facts)]


@pytest.mark.parametrize(
    ("second", "codes"),
    [
        pytest.param(sample(2), ["IMAGE_TWICE"], id="same label"),
        pytest.param(sample(2, "other"), ["IMAGE_TWICE_UNLIKE"], id="other label"),
        pytest.param(sample(1, part="val"), ["IMAGE_LEAK"], id="other part"),
        pytest.param(
            sample(1, "other", "val"), ["IMAGE_TWICE_UNLIKE", "IMAGE_LEAK"], id="both others"
        ),
    ],
)
def test_equal_pixels_are_found_at_the_second_sample(second, codes):
    findings = found(copy_findings, (sample(1), facts_of()), (second, facts_of()))
    assert findings == [(code, str(second.place)) for code in codes]


def test_every_copy_is_told_once_however_many_there_are():
    copies = [(sample(line), facts_of()) for line in range(1, 6)]
    assert found(copy_findings, *copies) == [
        ("IMAGE_TWICE", f"train.txt:{line}") for line in range(2, 6)
    ]


def test_images_that_could_not_be_decoded_are_no_copies():
    assert found(copy_findings, (sample(1), None), (sample(2), None)) == []


@pytest.mark.parametrize(
    ("second", "facts", "rule"),
    [
        pytest.param(sample(2), facts_of("b"), TWICE, id="saved again"),
        pytest.param(sample(2), facts_of("b", other_look(25)), TWICE, id="with noise"),
        pytest.param(sample(2), facts_of("b", width=800), None, id="of another shape"),
        pytest.param(sample(2), facts_of("b", other_look(42)), None, id="by another writer"),
        pytest.param(sample(2, TEXT + "."), facts_of("b"), TWICE, id="a character more"),
        pytest.param(sample(2, TEXT[:-2]), facts_of("b"), None, id="two characters less"),
        pytest.param(sample(2, part="val"), facts_of("b"), LEAK, id="in another part"),
        pytest.param(sample(2), facts_of("a"), None, id="an exact copy has its own rule"),
    ],
)
def test_near_copies_look_alike_have_one_shape_and_nearly_one_label(second, facts, rule):
    findings = found(near_copy_findings, (sample(1), facts_of()), (second, facts))
    assert findings == ([] if rule is None else [(rule, str(second.place))])


def test_short_words_look_alike_in_print_and_are_no_near_copies():
    pairs = [(sample(1, "of the"), facts_of()), (sample(2, "of the"), facts_of("b"))]
    assert found(near_copy_findings, *pairs) == []
