"""The options of a training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

Scope = Literal["head", "deep", "all"]


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
class TrainSpec:
    """How a recogniser is trained.

    ``scope`` is what learns: the ``head`` behind the backbone, also the backbone's ``deep`` blocks,
    or ``all``. ``base`` names the weights to start from in place of the default's: an ONNX file
    or a folder with one, ``.safetensors``, or ``.pdparams``, which is a pickle and needs its
    ``base_sha256``. ``ratios`` is how often an epoch draws each line of a label file; of others,
    once. ``guises`` is how many changed forms of a line there are, one an epoch, whose features
    are kept; with 0 each epoch has a new one. ``patience`` is the evaluations without gain on val
    after which training stops, and ``forgetting`` how much higher than the base's the error rate
    on print may be for weights to be kept. Intervals are in epochs; 0 ``max_minutes`` is no limit.
    """

    scope: Scope = "deep"
    device: str = "cpu"
    threads: Annotated[int, Ge(0)] = 0
    base: str | None = None
    base_sha256: str | None = None
    epochs: Annotated[int, Ge(1)] = 4
    batch: Annotated[int, Ge(1)] = 8
    learning_rate: Annotated[float, Gt(0)] = 5e-4
    warm_up: Annotated[float, Interval(ge=0, lt=1)] = 0.05
    weight_decay: Annotated[float, Ge(0)] = 0.01
    clip: Annotated[float, Gt(0)] = 5.0
    seed: int = 0
    max_minutes: Annotated[float, Ge(0)] = 0.0
    guises: Annotated[int, Ge(0)] = 0
    patience: Annotated[int, Ge(1)] = 3
    forgetting: Annotated[float, Ge(0)] = 0.0
    eval_interval: Annotated[int, Ge(1)] = 1
    save_interval: Annotated[int, Ge(1)] = 1
    ratios: Mapping[str, float] = field(default_factory=dict)
    augmentation: AugmentationSpec = field(default_factory=AugmentationSpec)
    replay: ReplaySpec = field(default_factory=ReplaySpec)
