"""What a dataset has to be like before it may be published."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
import pyarrow.compute as pc
from annotated_types import Ge, Interval

from ocr_tasks.dataset.manifest import Draft, files_table
from ocr_tasks.dataset.samples import PARTS, TRAIN, VAL
from ocr_tasks.quality.suites import Json, hold

if TYPE_CHECKING:
    from ocr_tasks.quality.suites import Suite

SHA256 = "^[0-9a-f]{64}$"
ROLES = ["image", "labels", "groups", "dictionary"]


@dataclass(frozen=True, slots=True)
class QualitySpec:
    """How many samples a version has at least, and how large a share of them may have warnings."""

    min_train: Annotated[int, Ge(1)] = 1
    min_val: Annotated[int, Ge(1)] = 1
    max_warning_share: Annotated[float, Interval(ge=0, le=1)] = 1.0


def judge_draft(draft: Draft, spec: QualitySpec) -> Json:
    """Holds a draft's manifest and samples against what is expected: see ``suites.hold``.

    Integrity is expected of every row: one image in two thousand that nobody can read is one too
    many.
    """
    tables = {"manifest": files_table(draft.files), "samples": _with_counts(draft.samples)}
    return hold(tables, {"manifest": _of_files(), "samples": _of_samples(spec)})


def _with_counts(samples: pa.Table) -> pa.Table:
    """The samples, and in how many parts the group and the image of each are."""
    for column, name in (("group", "parts_of_group"), ("pixels_sha256", "parts_of_image")):
        parts = samples.group_by(column).aggregate([("part", "count_distinct")])
        known = parts.filter(pc.is_valid(parts[column])).rename_columns([column, name])
        samples = samples.join(known, column)
    told = {
        "is_train": pc.equal(samples["part"], TRAIN),
        "is_val": pc.equal(samples["part"], VAL),
        "has_warning": pc.greater(samples["warnings"], 0),
    }
    for name, values in told.items():
        samples = samples.append_column(name, values.cast(pa.int32()))
    return samples


def _of_files() -> "Suite":
    from great_expectations import expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeUnique(column="path"),
        gxe.ExpectColumnValuesToBeInSet(column="role", value_set=ROLES),
        gxe.ExpectColumnValuesToMatchRegex(column="sha256", regex=SHA256),
        gxe.ExpectColumnValuesToBeBetween(column="bytes", min_value=1),
    ]


def _of_samples(spec: QualitySpec) -> "Suite":
    from great_expectations import expectations as gxe

    return [
        gxe.ExpectColumnValuesToBeInSet(column="part", value_set=list(PARTS)),
        gxe.ExpectColumnValuesToNotBeNull(column="pixels_sha256"),
        gxe.ExpectColumnValuesToMatchRegex(column="label", regex=r"\S"),
        gxe.ExpectColumnMaxToBeBetween(column="critical", max_value=0),
        gxe.ExpectColumnMaxToBeBetween(column="outside_dict", max_value=0),
        gxe.ExpectColumnValuesToBeBetween(column="spare_steps", min_value=0),
        gxe.ExpectColumnValuesToBeBetween(column="parts_of_group", min_value=1, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="parts_of_image", min_value=1, max_value=1),
        gxe.ExpectColumnSumToBeBetween(column="is_train", min_value=spec.min_train),
        gxe.ExpectColumnSumToBeBetween(column="is_val", min_value=spec.min_val),
        gxe.ExpectColumnMeanToBeBetween(column="has_warning", max_value=spec.max_warning_share),
    ]
