"""A page's result in other people's formats."""

from typing import Any

from ocr_tasks.imaging.boxes import bounding_box
from ocr_tasks.records import PageResult


def paddle_json(result: PageResult) -> dict[str, Any]:
    """The result under the keys of PaddleOCR's ``*_res.json`` files, lines in reading order.

    ``rec_polys`` are four corners in pixels, ``rec_boxes`` are [x0, y0, x1, y1].
    """
    return {
        "input_path": result.expected.source_uri,
        "member": result.expected.source_member,
        "page_index": result.expected.page_index,
        "width": result.facts.width,
        "height": result.facts.height,
        "rec_texts": [line.text for line in result.lines],
        "rec_scores": [round(line.confidence, 4) for line in result.lines],
        "rec_polys": [line.polygon.round(1).tolist() for line in result.lines],
        "rec_boxes": [list(bounding_box(line.polygon)) for line in result.lines],
        "dt_scores": [round(line.det_score, 4) for line in result.lines],
    }
