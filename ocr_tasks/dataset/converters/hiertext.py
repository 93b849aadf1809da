"""HierText: paragraphs, lines and words of an image as JSON.

Google's format (Long et al. 2022, "Towards End-to-End Unified Scene Text Detection and Layout
Analysis"). Its files end in ``.jsonl`` and hold one object all the same, with a list
``annotations``; an image a line is read too.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ocr_tasks.dataset.converters.labelled import Frame, LabelledPage, LabelledRegion, LeftOut
from ocr_tasks.dataset.converters.parsing import corners_of, is_text, positive_or_none
from ocr_tasks.errors import LabelFileError

Json = dict[str, Any]


def pages_of_hiertext(data: bytes, _: str) -> Iterator[LabelledPage | LabelFileError]:
    """The pages of a file, and what is wrong with those that cannot be read.

    Raises:
        LabelFileError: nothing of the file can be read.
    """
    yield from (_page(number, value) for number, value in _values_in(data))


def looks_like_hiertext(head: bytes) -> bool:
    """Whether a file that begins so speaks of images and their paragraphs."""
    is_json = head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith((b"{", b"["))
    return is_json and (b'"paragraphs"' in head or b'"annotations"' in head)


def _values_in(data: bytes) -> Iterator[tuple[int, Any]]:
    """What stands for an image each, with its number in the file."""
    lines = [line for line in data.split(b"\n") if line.strip()]
    first = _loaded(lines[0]) if lines else LabelFileError("it is empty")
    if len(lines) > 1 and isinstance(first, dict) and "image_id" in first:
        yield from ((number, _loaded(line)) for number, line in enumerate(lines, start=1))
        return
    whole = _loaded(data)
    if isinstance(whole, LabelFileError):
        raise whole
    images = whole.get("annotations", [whole]) if isinstance(whole, dict) else whole
    if not isinstance(images, list):
        raise LabelFileError("its annotations are no list")
    yield from enumerate(images, start=1)


def _loaded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        return LabelFileError(f"it is no JSON: {error}")


def _page(number: int, value: Any) -> LabelledPage | LabelFileError:
    if isinstance(value, LabelFileError):
        return LabelFileError(f"line {number}: {value}")
    image = value.get("image_id") if isinstance(value, dict) else None
    if not isinstance(image, str) or not is_text(image):
        return LabelFileError(f"image {number} has no image_id")
    paragraphs = value.get("paragraphs")
    if not isinstance(paragraphs, list):
        return LabelFileError(f"image {number} has no list of paragraphs")
    left_out = Counter[str]()
    regions = []
    for name, region in _lines_of(paragraphs):
        try:
            regions.append(_region(name, region))
        except ValueError:
            left_out[LeftOut.MALFORMED] += 1
    frame = Frame(*(positive_or_none(value.get(f"image_{side}")) for side in ("width", "height")))
    return LabelledPage(image, tuple(regions), frame, image, left_out)


def _lines_of(paragraphs: list[Any]) -> Iterator[tuple[str, Any]]:
    """Every line with its name; a paragraph that nobody could read may have none, and is one."""
    for number, paragraph in enumerate(paragraphs, start=1):
        name = f"p{number:03d}"
        lines = paragraph.get("lines") if isinstance(paragraph, dict) else None
        if not isinstance(lines, list) or not lines:
            yield name, paragraph
            continue
        for line_number, line in enumerate(lines, start=1):
            yield f"{name}_l{line_number:03d}", line


def _region(name: str, value: Any) -> LabelledRegion:
    """A line, or a paragraph without any.

    Raises:
        ValueError: it has no polygon or no text.
    """
    if not isinstance(value, dict) or not isinstance(value.get("vertices"), list):
        raise ValueError("it has no vertices")
    if not all(isinstance(point, list) for point in value["vertices"]):
        raise ValueError("a vertex is no pair")
    text = value.get("text", "")
    if not isinstance(text, str) or not is_text(text):
        raise ValueError("its text is none")
    readable = value.get("legible", True) is not False
    return LabelledRegion(name, corners_of(value["vertices"]), text, readable)
