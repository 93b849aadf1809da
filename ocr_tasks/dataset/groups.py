"""Groups: which samples come from one document, writer or page, and so belong together."""

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ocr_tasks import storage
from ocr_tasks.errors import DatasetError, SettingsError

META = ".meta.jsonl"  # the end of the names of files that tell more of the images
LINES_META = f"lines{META}"  # the one that is written here

GroupOf = Callable[[str], str | None]  # from an image's path to its group, if it has one


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """Where the group of a sample is found.

    ``pattern`` is a regular expression that is searched for in the image's path; its first group,
    or all that it finds, is the sample's. Without one, ``column`` names a key in the lines of
    ``*.meta.jsonl`` beside the label files, each of which names its image by the key ``file``.
    """

    column: str = "group"
    pattern: str | None = None


def groups_by(root: str, names: Collection[str], spec: GroupSpec) -> GroupOf:
    """A function from paths to groups; ``names`` are the paths of all objects of the dataset.

    Raises:
        SettingsError: the pattern is no regular expression.
        DatasetError: a line of a ``*.meta.jsonl`` is no JSON object, or gives an image another
            group than a line before.
    """
    if spec.pattern is not None:
        return _by_pattern(spec.pattern)
    files = [name for name in sorted(names) if name.endswith(META) and "/" not in name]
    known: dict[str, str] = {}
    for file in files:
        for path, group in _told_by(root, file, spec.column):
            if known.setdefault(path, group) != group:
                raise DatasetError(f"{file} has {path} in {group!r}, which is in {known[path]!r}")
    return known.get


def refuse_unmatched(spec: GroupSpec, groups: Collection[str | None]) -> None:
    """Makes sure that there are groups where somebody has said how to find them.

    A pattern that matches nothing would make every image a group, and leak in silence.

    Raises:
        SettingsError: no sample has a group.
    """
    if spec == GroupSpec() or not groups or any(group is not None for group in groups):
        return
    asked = f"column {spec.column!r}" if spec.pattern is None else f"pattern {spec.pattern!r}"
    raise SettingsError(f"groups.{asked} finds the group of none of {len(groups)} samples")


def _by_pattern(pattern: str) -> GroupOf:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"groups.pattern {pattern!r}: {error}") from error

    def group_of(path: str) -> str | None:
        found = compiled.search(path)
        return (found[1 if compiled.groups else 0] or None) if found else None

    return group_of


def _told_by(root: str, file: str, column: str) -> Iterator[tuple[str, str]]:
    """The paths of images and their groups, as a file tells them."""
    lines = storage.read_bytes(storage.join(root, file)).split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values: dict[str, Any] = json.loads(line)
            path, group = values["file"], values.get(column)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatasetError(f"{file}:{number} is no JSON object with a `file`") from error
        if group is not None:
            yield str(path), str(group)
