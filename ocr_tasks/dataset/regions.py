"""The labelled regions of a page, and the rules they have to keep."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ocr_tasks.dataset.inspection import ImageFacts
from ocr_tasks.dataset.label_rules import text_findings
from ocr_tasks.dataset.rules import Finding, Rule
from ocr_tasks.dataset.samples import Sample
from ocr_tasks.imaging.polygons import Corners, area_of, crosses_itself
from ocr_tasks.text.names import visible

FEWEST_CORNERS, MOST_CORNERS = 3, 4096
FURTHEST = 1e9  # pixels from the page's corner
SMALLEST_AREA = 1.0  # square pixels
EDGE = 2.0  # pixels by which a corner may lie outside: annotation tools round


@dataclass(frozen=True, slots=True)
class Region:
    """A polygon around text, corners (n, 2) in pixels, and what the text says."""

    corners: Corners
    transcription: str


def regions_of(label: str) -> list[Region]:
    """The regions of a page's label: a JSON list of {"points": [[x, y], …], "transcription": …}.

    Raises:
        ValueError: the label is nothing of the kind.
    """
    try:
        values = json.loads(label)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    if not isinstance(values, list):
        raise ValueError("it is no list")
    return [_region(number, value) for number, value in enumerate(values, start=1)]


def _region(number: int, value: Any) -> Region:
    if not isinstance(value, dict) or not {"points", "transcription"} <= value.keys():
        raise ValueError(f"region {number} lacks points or transcription")
    if not isinstance(value["transcription"], str):
        raise ValueError(f"the transcription of region {number} is no text")
    points = value["points"]
    if not isinstance(points, list) or not all(_is_point(point) for point in points):
        raise ValueError(f"the points of region {number} are no pairs of numbers")
    if len(points) > MOST_CORNERS:
        raise ValueError(f"region {number} has {len(points)} points, more than {MOST_CORNERS}")
    return Region(np.array(points, np.float64).reshape(-1, 2), value["transcription"])


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(side, int | float) and abs(side) < FURTHEST for side in point)
    )


def page_findings(sample: Sample, facts: ImageFacts | None) -> Iterator[Finding]:
    """What is wrong with the regions of a page, of whose image ``facts`` may be known."""
    try:
        regions = regions_of(sample.label)
    except ValueError as error:
        yield Finding(Rule.LINE_MALFORMED, sample.place, f"the label: {error}")
        return
    if not regions:
        yield Finding(Rule.PAGE_WITHOUT_TEXT, sample.place, "the list of regions is empty")
    for number, region in enumerate(regions, start=1):
        yield from text_findings(sample, region.transcription)
        fault = fault_of_shape(region.corners)
        if fault is None and facts is not None:
            fault = fault_of_place(region.corners, facts.width, facts.height)
        if fault is not None:
            name = visible(region.transcription[:40])
            yield Finding(fault, sample.place, f"region {number}, {name!r}")


def fault_of_shape(corners: Corners) -> Rule | None:
    """What is wrong with a polygon, wherever it lies."""
    if len(corners) < FEWEST_CORNERS:
        return Rule.POLYGON_EMPTY
    if crosses_itself(corners):
        return Rule.POLYGON_CROSSED
    return Rule.POLYGON_EMPTY if area_of(corners) < SMALLEST_AREA else None


def fault_of_place(corners: Corners, width: int, height: int) -> Rule | None:
    """What is wrong with where a polygon of some corners lies on a page of that size in pixels."""
    far = np.array([width, height], np.float64)
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    if (middle < 0).any() or (middle > far).any():
        return Rule.POLYGON_OUTSIDE
    over = (corners < -EDGE).any() or (corners > far + EDGE).any()
    return Rule.POLYGON_OVER_EDGE if over else None
