"""Whether three forms of one network say the same of real lines, before any is served."""

from collections.abc import Callable, Iterable, Mapping, Sequence
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

Image = NDArray[np.float32]  # (1, 3, height, width) of -1..1, or what comes out
Form = Callable[[Image], Image]
Decision = Callable[[Image], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Parity:
    """How a form agrees with the trained network on ``crops``: see the limits above."""

    crops: int
    equal: float
    most_off: float


def check_parity(network: Any, folder: Path, strips: Sequence[Pixels]) -> dict[str, Parity]:
    """The agreement of both exported forms with the network, each crop read alone, as served.

    Raises:
        ParityError: one of them reads something else.
    """

    def trained(image: Image) -> Image:
        with paddle.no_grad():
            output: Image = network.head(network.model(paddle.to_tensor(image))).numpy()
        return output

    images = (normalised(pad_to_bucket(strip)[np.newaxis]) for strip in strips)
    return compared(trained, forms_in(folder), images, likeliest, "steps")


def likeliest(probabilities: Image) -> NDArray[np.int64]:
    """The class of each step (n, steps, classes)."""
    classes: NDArray[np.int64] = probabilities.argmax(axis=2)
    return classes


def compared(
    trained: Form,
    forms: Mapping[str, Form],
    images: Iterable[Image],
    decided: Decision,
    unit: str,
) -> dict[str, Parity]:
    """How exported ``forms`` agree with the ``trained`` one on ``images``, given one by one.

    ``decided`` says what probabilities come to, by the ``unit``.

    Raises:
        ParityError: one of them says something else.
    """
    found = {name: _Comparison(decided) for name in forms}
    for image in images:
        wanted = trained(image)
        for name, form in forms.items():
            found[name].add(wanted, form(image))
    parities = {name: comparison.parity() for name, comparison in found.items()}
    for name, parity in parities.items():
        _refuse_unequal(name, parity, unit)
    return parities


@dataclass(slots=True)
class _Comparison:
    decided: Decision
    crops: int = 0
    steps: int = 0
    equal: int = 0
    most_off: float = 0.0

    def add(self, wanted: NDArray[np.float32], got: NDArray[np.float32]) -> None:
        if wanted.shape != got.shape:
            raise ParityError(f"the exported network puts out {got.shape}, not {wanted.shape}")
        same = self.decided(wanted) == self.decided(got)
        self.crops += 1
        self.steps += same.size
        self.equal += int(same.sum())
        off = float(np.abs(wanted - got).max())
        self.most_off = max(self.most_off, off) if np.isfinite(off) else np.inf

    def parity(self) -> Parity:
        return Parity(self.crops, self.equal / max(1, self.steps), self.most_off)


def _refuse_unequal(name: str, parity: Parity, unit: str) -> None:
    if parity.crops and parity.equal >= LEAST_EQUAL and parity.most_off <= MOST_OFF:
        return
    raise ParityError(
        f"the {name} form agrees with the trained network at {parity.equal:.2%} of the {unit} of "
        f"{parity.crops} crops, and is off by up to {parity.most_off:.2g}; "
        f"wanted are {LEAST_EQUAL:.1%} and {MOST_OFF}"
    )


def forms_in(folder: Path) -> dict[str, Form]:
    """Both forms that an export leaves."""
    return {"paddle": paddle_form(folder), "onnx": onnx_form(folder)}


def onnx_form(folder: Path) -> Form:
    """The network as ONNX Runtime runs it."""
    session = ort.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    (name,) = (argument.name for argument in session.get_inputs())

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = session.run(None, {name: images})[0]
        return output

    return run


def paddle_form(folder: Path) -> Form:
    """The network as PaddlePaddle's inference runs it."""
    config = paddle.inference.Config(
        str(folder / f"{STEM}.json"), str(folder / f"{STEM}.pdiparams")
    )
    config.disable_glog_info()
    predictor = paddle.inference.create_predictor(config)
    given = predictor.get_input_handle(predictor.get_input_names()[0])
    got = predictor.get_output_handle(predictor.get_output_names()[0])

    def run(images: NDArray[np.float32]) -> NDArray[np.float32]:
        given.reshape(images.shape)
        given.copy_from_cpu(images)
        predictor.run()
        output: NDArray[np.float32] = got.copy_to_cpu()
        return output

    return run
