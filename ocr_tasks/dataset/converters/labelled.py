"""A page with its labels, whatever format they came in."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from ocr_tasks.imaging.polygons import Corners


class LeftOut(StrEnum):
    """Why a region of a source is in no sample; codes of rules and errors stand beside these."""

    MALFORMED = "malformed"
    ILLEGIBLE = "illegible"
    EMPTY = "empty"
    DROPPED = "dropped"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Frame:
    """What the coordinates of a page are counted in.

    ``width`` and ``height`` are the page's own, as its labels say, and ``per_inch`` how many
    units an inch has where they are no pixels. None is what the labels do not say.
    """

    width: float | None = None
    height: float | None = None
    per_inch: float | None = None


@dataclass(frozen=True, slots=True)
class LabelledRegion:
    """A line or word: its name on the page, corners (n, 2) in the page's frame, and its text.

    Four corners stand clockwise from where the text begins. Of a region that is not ``readable``
    nobody could tell the text.
    """

    name: str
    corners: Corners
    text: str
    readable: bool = True


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """The labels of one image.

    ``image`` is its name, as the labels have it; ``name`` is the page's among others of one file.
    ``left_out`` counts the regions that could not be taken, by why.
    """

    image: str
    regions: tuple[LabelledRegion, ...]
    frame: Frame = Frame()
    name: str = ""
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def region_count(self) -> int:
        """How many regions its source has."""
        return len(self.regions) + self.left_out.total()
