"""The options of a detector's training."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

DetectorScope = Literal["head", "neck", "all"]


@dataclass(frozen=True, slots=True)
class PageAugmentationSpec:
    """Which changes may befall a crop of a page.

    ``scale`` shows it larger or smaller than it is served, ``rotate`` turns it by a few degrees,
    ``flip`` mirrors it, which makes letters that nobody writes; ``contrast``, ``blur`` and
    ``noise`` are as for lines.
    """

    scale: bool = True
    rotate: bool = True
    flip: bool = False
    contrast: bool = True
    blur: bool = True
    noise: bool = True


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """How a detector is trained, on crops of pages.

    ``scope`` is what learns: the ``head``, also the ``neck``, or ``all``. A crop is square, with
    ``crop_side`` pixels, and an epoch takes ``crops_a_page``. ``patience`` is the evaluations
    without gain on val after which training stops: at first maps lose their sharp edges, and val
    falls before it rises. All else is as for a recogniser; see TrainSpec.
    """

    scope: DetectorScope = "all"
    device: str = "cpu"
    threads: Annotated[int, Ge(0)] = 0
    base: str | None = None
    base_sha256: str | None = None
    epochs: Annotated[int, Ge(1)] = 24
    batch: Annotated[int, Ge(1)] = 4
    crop_side: Annotated[int, Interval(ge=64, le=2048)] = 480
    crops_a_page: Annotated[int, Ge(1)] = 2
    learning_rate: Annotated[float, Gt(0)] = 2e-4
    warm_up: Annotated[float, Interval(ge=0, lt=1)] = 0.05
    weight_decay: Annotated[float, Ge(0)] = 0.01
    clip: Annotated[float, Gt(0)] = 5.0
    seed: Annotated[int, Ge(0)] = 0
    max_minutes: Annotated[float, Ge(0)] = 0.0
    patience: Annotated[int, Ge(1)] = 12
    eval_interval: Annotated[int, Ge(1)] = 1
    save_interval: Annotated[int, Ge(1)] = 1
    augmentation: PageAugmentationSpec = field(default_factory=PageAugmentationSpec)
