"""A run's plan: frozen once, in one object, from which everything else of the run is found."""

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from ocr_tasks import storage
from ocr_tasks.archive.shards import Manifest, manifest_bytes, read_manifest
from ocr_tasks.errors import ModelError, PlanConflictError, SettingsError
from ocr_tasks.faults import damage_named
from ocr_tasks.records import EngineInfo, ModelInfo
from ocr_tasks.results.layout import RunLayout, manifest_uri

Json = dict[str, Any]
PLAN_KEY = "ocr_tasks.plan"  # where the plan stands in the manifest's footer


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """What a run keeps to until it is sealed, whatever is promoted or configured meanwhile."""

    run_id: str
    settings: Json
    config_sha256: str
    engine: EngineInfo
    pipeline_version: str
    dag_run_id: str | None
    planned_at: datetime.datetime

    def as_json(self) -> Json:
        """The plan as JSON values."""
        return asdict(self) | {"planned_at": self.planned_at.isoformat()}


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run as its manifest froze it, with all expected pages or those of one shard."""

    frozen: FrozenPlan
    layout: RunLayout
    manifest: Manifest

    def refuse_other_settings(self, given: Json) -> None:
        """Makes sure that ``given`` are the settings the run was planned with.

        Raises:
            PlanConflictError: they are not; it names which.
        """
        stood, given = flattened(self.frozen.settings), flattened(given)
        other = [key for key in given if given[key] != stood.get(key)]
        if other:
            raise PlanConflictError(
                f"run {self.frozen.run_id} was planned with other settings of: {', '.join(other)}"
            )

    def refuse_other_models(self, loaded: EngineInfo) -> None:
        """Makes sure that the loaded engine has the models the run was planned with.

        Raises:
            ModelError: it has not; it names which.
        """
        for part in ("engine", "detector", "recognizer", "dict_sha256"):
            planned, here = getattr(self.frozen.engine, part), getattr(loaded, part)
            if planned != here:
                raise ModelError(f"the run was planned with {part} {planned}, but here is {here}")


def flattened(values: Json, prefix: str = "") -> Json:
    """``{"engine": {"device": "cpu"}}`` as ``{"engine.device": "cpu"}``."""
    flat: Json = {}
    for key, value in values.items():
        nested = isinstance(value, dict) and value
        flat |= flattened(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat


def is_planned(layout: RunLayout) -> bool:
    """Whether the run has its manifest."""
    return storage.exists(manifest_uri(layout.output, layout.run_id))


def freeze(layout: RunLayout, plan: FrozenPlan, pages: pa.RecordBatchReader) -> None:
    """Writes the manifest with the plan in its footer, unless somebody was first."""
    footer = {PLAN_KEY: json.dumps(plan.as_json(), ensure_ascii=False)}
    uri = manifest_uri(layout.output, layout.run_id)
    storage.create(uri, manifest_bytes(pages, footer), layout.staging)


def show_settings(run: PlannedRun) -> None:
    """Writes settings.json, which repeats the plan for people to read, if it is not there."""
    storage.create(run.layout.settings, pretty_json(run.frozen.as_json()), run.layout.staging)


def read_plan(
    output: str,
    run_id: str,
    shard_id: str | None = None,
    columns: Sequence[str] | None = None,
) -> PlannedRun:
    """The plan that stands, with its whole manifest, one shard's part of it, or some columns.

    Raises:
        SettingsError: no such run was planned, or it has no such shard.
        DamagedFileError: the manifest is not what was written.
    """
    try:
        manifest = read_manifest(manifest_uri(output, run_id), shard_id, columns)
    except FileNotFoundError as error:
        raise SettingsError(f"no run {run_id!r} was planned in {output}") from error
    with damage_named(manifest_uri(output, run_id)):
        frozen = _frozen_plan(json.loads(manifest.metadata[PLAN_KEY]))
    return PlannedRun(frozen, RunLayout(output, frozen.settings["collection"], run_id), manifest)


def _frozen_plan(values: Json) -> FrozenPlan:
    engine = values["engine"]
    models = {part: ModelInfo(**engine[part]) for part in ("detector", "recognizer")}
    return FrozenPlan(
        **values
        | {
            "engine": EngineInfo(**engine | models),
            "planned_at": datetime.datetime.fromisoformat(values["planned_at"]),
        }
    )


def pretty_json(values: Json) -> bytes:
    """JSON for people to read."""
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
