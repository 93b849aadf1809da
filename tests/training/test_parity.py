"""Whether all forms of a network say the same."""

import numpy as np
import paddle
import pytest

from ocr_tasks.errors import ParityError
from ocr_tasks.training import parity
from ocr_tasks.training.parity import check_parity

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

STRIPS = [np.full((48, width, 3), width, np.uint8) for width in (64, 96)]
WANTED = np.full((1, 500, 4), 0.1, np.float32)
WANTED[:, :, 1] = 0.7


class Trained:
    """A network that says the same of every line."""

    model = head = staticmethod(lambda given: given)


@pytest.fixture
def checked(monkeypatch):
    """Checks forms that put out WANTED once it went through ``change``."""

    def check(change):
        def form(_folder):
            return lambda _images: change(WANTED.copy())

        network = Trained()
        network.head = lambda _: paddle.to_tensor(WANTED)
        monkeypatch.setattr(parity, "paddle_form", form)
        monkeypatch.setattr(parity, "onnx_form", form)
        return check_parity(network, None, STRIPS)

    return check


def another_class(steps):
    def change(probabilities):
        probabilities[:, :steps, 1] = 0.0999
        return probabilities

    return change


def test_forms_that_agree_pass_and_tell_by_how_much(checked):
    found = checked(lambda probabilities: probabilities + np.float32(5e-4))
    assert found.keys() == {"paddle", "onnx"}
    assert found["onnx"].crops == 2
    assert found["onnx"].equal == 1.0
    assert found["onnx"].most_off == pytest.approx(5e-4, rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        lambda probabilities: probabilities + np.float32(2e-3),
        lambda probabilities: probabilities * np.nan,
        lambda probabilities: probabilities[:, :-1],
        another_class(1),
        another_class(500),
    ],
    ids=["far off", "no number", "a step too few", "one class in 500", "every class"],
)
def test_forms_that_do_not_agree_are_refused(checked, change):
    with pytest.raises(ParityError):
        checked(change)


def test_no_lines_prove_nothing(monkeypatch):
    monkeypatch.setattr(parity, "paddle_form", lambda _: None)
    monkeypatch.setattr(parity, "onnx_form", lambda _: None)
    with pytest.raises(ParityError, match="of 0 crops"):
        check_parity(Trained(), None, [])
