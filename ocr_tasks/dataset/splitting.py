"""A dataset split where it lies: what stands there is read, parted, and put in place."""

from collections.abc import Callable, Iterable
from typing import Any

from ocr_tasks.dataset.facts import Objects
from ocr_tasks.dataset.groups import GroupSpec, groups_by, refuse_unmatched
from ocr_tasks.dataset.inspection import Inspected
from ocr_tasks.dataset.labels import label_lines
from ocr_tasks.dataset.outputs import write_split
from ocr_tasks.dataset.reading import objects_in
from ocr_tasks.dataset.samples import LEFT_OUT, PARTS, LayoutSpec
from ocr_tasks.dataset.split import SplitSpec, new_parts, recorded_seed
from ocr_tasks.dataset.swap import finish_swap, swap_files
from ocr_tasks.errors import DatasetError, SettingsError

Json = dict[str, Any]
LookAt = Callable[[Objects, Iterable[str]], dict[str, Inspected]]  # by their paths


def split_dataset(
    root: str, output: str, layout: LayoutSpec, groups: GroupSpec, spec: SplitSpec, look_at: LookAt
) -> Json:
    """Splits the dataset at the URL ``root``; what came of it is written below ``output`` too.

    ``look_at`` finds what the images are, so that copies can be told.

    Raises:
        SettingsError: the percentages do not sum to 100, or shares of files are asked for;
            nothing was touched.
        DatasetError: there is no label file or line, or a file about groups or the seed cannot be
            read.
        SplitConflictError: somebody else changed a label file meanwhile.
        StorageError: the store did not answer; the next check or split finishes what was begun.
    """
    spec.refuse_wrong_sum()
    if layout.train_ratios:
        raise SettingsError("layout.train_ratios: a split has to know all lines; split without")
    finish_swap(root)
    objects = objects_in(root)
    lines = label_lines(root, layout, (*PARTS, LEFT_OUT))
    if not lines:
        raise DatasetError(f"no label file in {root} has a line: there is nothing to split")
    images = look_at(objects, (line.place().path for line in lines))
    group_of = groups_by(root, objects.keys(), groups)
    refuse_unmatched(groups, [group_of(line.place().path) for line in lines])
    parts = new_parts(lines, group_of, images, spec, recorded_seed(root))
    backups = swap_files(root, parts.files(layout))
    result = {"dataset": root, "changed": bool(backups), "backups": backups} | parts.result(spec)
    write_split(output, result, objects, images)
    return result
