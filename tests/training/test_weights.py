"""The weights that a training begins with."""

import pickle

import numpy as np
import paddle
import pytest
import safetensors.numpy

from ocr_tasks.engines.ppocr import RECOGNIZER
from ocr_tasks.engines.weights import digest_of_file
from ocr_tasks.errors import ModelError
from ocr_tasks.training.network import get_state
from ocr_tasks.training.weights import load_base

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

BIAS = "head.head.bias"


class Planted:
    """What a pickle would run."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('the pickle ran')",))


@pytest.fixture
def changed(base):
    """The default's parameters with another bias."""
    state = get_state(base.network)
    return {**state, BIAS: np.full_like(state[BIAS], 0.25)}


def test_without_a_file_training_begins_with_the_wheels_weights(base):
    assert base.info == RECOGNIZER


def test_safetensors_are_taken_as_they_are(tmp_path, changed):
    path = tmp_path / "own.safetensors"
    safetensors.numpy.save_file(changed, path)
    own = load_base(str(path), None)
    assert (own.network.head.head.bias.numpy() == 0.25).all()
    assert own.info.name == "own"
    assert own.info.sha256 == digest_of_file(path)


def test_pdparams_are_opened_only_by_their_digest(tmp_path, changed):
    path = tmp_path / "own.pdparams"
    paddle.save({name: paddle.to_tensor(array) for name, array in changed.items()}, str(path))
    with pytest.raises(ModelError, match="give its sha256"):
        load_base(str(path), None)
    own = load_base(str(path), digest_of_file(path))
    assert (own.network.head.head.bias.numpy() == 0.25).all()


def test_a_pickle_that_is_not_the_pinned_one_is_never_run(tmp_path):
    path = tmp_path / "own.pdparams"
    path.write_bytes(pickle.dumps(Planted()))
    with pytest.raises(ModelError, match="not the pinned"):
        load_base(str(path), "0" * 64)


def test_a_pickle_named_safetensors_is_never_run(tmp_path):
    path = tmp_path / "own.safetensors"
    path.write_bytes(pickle.dumps(Planted()))
    with pytest.raises(ModelError, match="pickle"):
        load_base(str(path), None)


def test_damaged_safetensors_are_refused(tmp_path):
    path = tmp_path / "own.safetensors"
    path.write_bytes(b"\x10" + bytes(200))
    with pytest.raises(ModelError, match="cannot read the model"):
        load_base(str(path), None)
