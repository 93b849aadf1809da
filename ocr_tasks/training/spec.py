"""The options of a training."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

from ocr_tasks.errors import SettingsError
from ocr_tasks.workers import cores

Scope = Literal["head", "deep", "all"]
Trainer = Literal["embedded", "paddlex"]


@dataclass(frozen=True, slots=True)
class AugmentationSpec:
    """Which changes may befall a training line; each befalls half of them.

    ``stretch`` changes its width, ``slant`` leans its letters, ``shift`` its margins above and
    below, ``warp`` bends it, ``stroke`` makes it bolder or finer, ``contrast`` changes light and
    ink, ``blur`` and ``noise`` are those of a camera.
    """

    stretch: bool = True
    slant: bool = True
    shift: bool = True
    warp: bool = True
    stroke: bool = True
    contrast: bool = True
    blur: bool = True
    noise: bool = True


@dataclass(frozen=True, slots=True)
class ReplaySpec:
    """How much print is learnt along with the user's lines, lest it be forgotten.

    ``share`` is replayed lines for each of the user's; ``rendered`` how many different ones are
    drawn; ``dataset`` a data set of real printed lines, whose train part is replayed as well.
    """

    share: Annotated[float, Interval(ge=0, le=10)] = 0.3
    rendered: Annotated[int, Ge(1)] = 1_000
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class PaddlexSpec:
    """Where PaddleX's trainer comes from, and what it trains.

    ``source`` is the folder of PaddleOCR's source tree; without one, the environment's
    PADDLE_PDX_PADDLEOCR_PATH says it. ``model`` is PaddleX's name of the model, ``config`` the file
    of PaddleOCR that describes its training, local or below the tree; without one, the tree's file
    of the model's name. ``alphabet`` is that of the ``model`` that a training begins with, or the
    dictionary of the ``dataset``. ``python`` is an interpreter that has what PaddleOCR's trainer
    imports; without one, this.
    """

    source: str | None = None
    model: str = "PP-OCRv6_small_rec"
    config: str | None = None
    alphabet: Literal["model", "dataset"] = "model"
    python: str | None = None


@dataclass(frozen=True, slots=True)
class TrainSpec:
    """How a recogniser is trained.

    ``trainer`` is the one that comes with this package, or PaddleX's, of which ``paddlex`` tells.
    ``scope`` is what learns: the ``head`` behind the backbone, also the backbone's ``deep`` blocks,
    or ``all``. ``base`` names the weights to start from in place of the default's: an ONNX file
    or a folder with one, ``.safetensors``, or ``.pdparams``, which is a pickle and needs its
    ``base_sha256``. ``ratios`` is how often an epoch draws each line of a label file; of others,
    once. ``guises`` is how many changed forms of a line there are, one an epoch, whose features
    are kept; with 0 each epoch has a new one. ``patience`` is the evaluations without gain on val
    after which training stops, and ``forgetting`` how much higher than the base's the error rate
    on print may be for weights to be kept. Intervals are in epochs; 0 ``max_minutes`` is no limit.
    Several GPUs, ``gpu:0,1``, have a process each, and CPUs as many as ``processes`` says;
    ``batch`` is that of each.
    """

    trainer: Trainer = "embedded"
    scope: Scope = "deep"
    device: str = "cpu"
    processes: Annotated[int, Ge(1)] = 1
    threads: Annotated[int, Ge(0)] = 0
    base: str | None = None
    base_sha256: str | None = None
    epochs: Annotated[int, Ge(1)] = 6
    batch: Annotated[int, Ge(1)] = 8
    learning_rate: Annotated[float, Gt(0)] = 5e-4
    warm_up: Annotated[float, Interval(ge=0, lt=1)] = 0.05
    weight_decay: Annotated[float, Ge(0)] = 0.01
    clip: Annotated[float, Gt(0)] = 5.0
    seed: Annotated[int, Ge(0)] = 0
    max_minutes: Annotated[float, Ge(0)] = 0.0
    guises: Annotated[int, Ge(0)] = 0
    patience: Annotated[int, Ge(1)] = 3
    forgetting: Annotated[float, Ge(0)] = 0.0
    eval_interval: Annotated[int, Ge(1)] = 1
    save_interval: Annotated[int, Ge(1)] = 1
    ratios: Mapping[str, float] = field(default_factory=dict)
    augmentation: AugmentationSpec = field(default_factory=AugmentationSpec)
    replay: ReplaySpec = field(default_factory=ReplaySpec)
    paddlex: PaddlexSpec = field(default_factory=PaddlexSpec)

    def __post_init__(self) -> None:
        """Refuse a device that is not known, and processes where GPUs say how many there are.

        Raises:
            SettingsError: they are neither ``cpu`` nor some of ``gpu:N,M``.
        """
        if not re.fullmatch(r"cpu|gpu:\d+(,\d+)*", self.device):
            raise SettingsError(f"train.device={self.device!r}: use cpu, gpu:0, or gpu:0,1 …")
        if self.processes > 1 and self.device != "cpu":
            raise SettingsError("train.processes is of CPUs: train.device=gpu:0,1 has two anyway")


def processes_of(spec: TrainSpec) -> int:
    """How many processes train."""
    return spec.processes if spec.device == "cpu" else len(gpus_of(spec))


def gpus_of(spec: TrainSpec) -> list[str]:
    """The GPUs that train, each as a device; none on CPUs."""
    if spec.device == "cpu":
        return []
    return [f"gpu:{number}" for number in spec.device.removeprefix("gpu:").split(",")]


def of_one_process(spec: TrainSpec, number: int) -> TrainSpec:
    """The options of one of the processes: its GPU, as it alone is seen, or its share of cores."""
    threads = max(1, (spec.threads or cores()) // processes_of(spec))
    device = "cpu" if spec.device == "cpu" else f"gpu:{number}"
    return replace(spec, device=device, threads=threads, processes=1)
