"""Whether three forms of one network say the same of real lines, before any is served."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import paddle
from numpy.typing import NDArray

from ocr_tasks.engines.ppocr import normalised
from ocr_tasks.errors import ParityError
from ocr_tasks.imaging.crops import Pixels, pad_to_bucket
from ocr_tasks.training.export import ONNX, STEM

LEAST_EQUAL = 0.999  # of all steps, at which the likeliest class is the same
MOST_OFF = 1e-3  # between two probabilities

Form = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Parity:
    """How a form agrees with the trained network on ``crops`` lines: see the limits above."""

    crops: int
    equal: float
    most_off: float


def check_parity(network: Any, folder: Path, strips: Sequence[Pixels]) -> dict[str, Parity]:
    """The agreement of both exported forms with the network, each crop read alone, as served.

    Raises:
        ParityError: one of them reads something else.
    """
    forms = {"paddle": _paddle_form(folder), "onnx": _onnx_form(folder)}
    found = {name: _Comparison() for name in forms}
    for strip in strips:
        image = normalised(pad_to_bucket(strip)[np.newaxis])
        with paddle.no_grad():
            wanted = network.head(network.model(paddle.to_tensor(image))).numpy()
        for name, form in forms.items():
            found[name].add(wanted, form(image))
    parities = {name: comparison.parity(len(strips)) for name, comparison in found.items()}
    for name, parity in parities.items():
        _refuse_unequal(name, parity)
    return parities


@dataclass(slots=True)
class _Comparison:
    steps: int = 0
    equal: int = 0
    most_off: float = 0.0

    def add(self, wanted: NDArray[np.float32], got: NDArray[np.float32]) -> None:
        if wanted.shape != got.shape:
            raise ParityError(f"the exported network puts out {got.shape}, not {wanted.shape}")
        same = wanted.argmax(axis=2) == got.argmax(axis=2)
        self.steps += same.size
        self.equal += int(same.sum())
        off = float(np.abs(wanted - got).max())
        self.most_off = max(self.most_off, off) if np.isfinite(off) else np.inf

    def parity(self, crops: int) -> Parity:
        return Parity(crops, self.equal / max(1, self.steps), self.most_off)


def _refuse_unequal(name: str, parity: Parity) -> None:
    if parity.crops and parity.equal >= LEAST_EQUAL and parity.most_off <= MOST_OFF:
        return
    raise ParityError(
        f"the {name} form agrees with the trained network at {parity.equal:.2%} of the steps of "
        f"{parity.crops} lines, and is off by up to {parity.most_off:.2g}; "
        f"wanted are {LEAST_EQUAL:.1%} and {MOST_OFF}"
    )


def _onnx_form(folder: Path) -> Form:
    session = ort.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    (name,) = (argument.name for argument in session.get_inputs())

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = session.run(None, {name: images})[0]
        return output

    return run


def _paddle_form(folder: Path) -> Form:
    config = paddle.inference.Config(
        str(folder / f"{STEM}.json"), str(folder / f"{STEM}.pdiparams")
    )
    config.disable_glog_info()
    predictor = paddle.inference.create_predictor(config)
    given = predictor.get_input_handle(predictor.get_input_names()[0])
    wanted = predictor.get_output_handle(predictor.get_output_names()[0])

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        given.reshape(images.shape)
        given.copy_from_cpu(images)
        predictor.run()
        output: NDArray[np.float32] = wanted.copy_to_cpu()
        return output

    return run
