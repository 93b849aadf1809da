"""A run's plan: frozen once, in one object, from which everything else of the run is found."""

import datetime
import json
import socket
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks import __version__, storage
from ocr_tasks.admission import refuse_url
from ocr_tasks.archive.shards import Manifest, manifest_bytes, read_manifest
from ocr_tasks.errors import ModelError, PlanConflictError, SettingsError
from ocr_tasks.faults import damage_named
from ocr_tasks.records import EngineInfo, ExpectedPage, ModelInfo
from ocr_tasks.results.layout import RunLayout, manifest_uri
from ocr_tasks.results.rows import Provenance
from ocr_tasks.settings import JobSettings, Values, digest_of, flattened, merged
from ocr_tasks.stores.filesystems import SCHEMES, scheme_of

Json = dict[str, Any]
PLAN_KEY = "ocr_tasks.plan"  # where the plan stands in the manifest's footer
# Of the engine: its models, which the champions of a registry are.
PINNED = ("det_model", "rec_model", "det_sha256", "rec_sha256")
TEXT_SECTIONS = ("decode", "engine", "recognition")  # of the settings: what a text depends on,
HOW_FAST = (  # but for these
    ("decode", "ahead"),
    ("engine", "device"),
    ("engine", "threads"),
    ("recognition", "batch_lines"),
    ("recognition", "open_pages"),
)


class Admission(JobSettings):
    """What the environment says of URLs that are given without settings."""

    schemes: tuple[str, ...] = SCHEMES


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """What a run keeps to until it is sealed, whatever is promoted or configured meanwhile.

    ``retry_of`` is the run whose failed pages this one reads again, or None.
    """

    run_id: str
    settings: Json
    config_sha256: str
    engine: EngineInfo
    pipeline_version: str
    dag_run_id: str | None
    planned_at: datetime.datetime
    retry_of: str | None = None  # no key of plans that are older than retries

    def as_json(self) -> Json:
        """The plan as JSON values."""
        return asdict(self) | {"planned_at": self.planned_at.isoformat()}


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run as its manifest froze it, with all expected pages or those of one shard."""

    frozen: FrozenPlan
    layout: RunLayout
    manifest: Manifest

    def told(self) -> Json:
        """What a caller has to know to have the run read: its place, pages and shards."""
        return {
            "run_id": self.layout.run_id,
            "output": self.layout.output,
            "collection": self.layout.collection,
            "pages": self.manifest.pages,
            "shards": self.manifest.shard_ids(),
        }

    def settings_again(self, overrides: Values) -> Json:
        """Its settings with other values for some, for a run of the same input, output, collection.

        The champions that it was planned with stay, unless the overrides have a registry.

        Raises:
            SettingsError: the overrides have an input, output or collection.
        """
        kept = sorted({"input", "output", "collection"} & overrides.keys())
        if kept:
            raise SettingsError(f"a retry keeps the {' and '.join(kept)} of its run")
        settings = self.frozen.settings | {"registry": None, "output": self.layout.output}
        had_registry = self.frozen.settings.get("registry") is not None
        if overrides.get("registry") or ("registry" in overrides and had_registry):
            settings = merged(settings, {"engine": dict.fromkeys(PINNED)})
        return merged(settings, overrides)

    def is_sealed(self) -> bool:
        """Whether the run has its seal."""
        return storage.exists(self.layout.seal)

    def pages(self, page_ids: Collection[str]) -> list[ExpectedPage]:
        """Those of its expected pages that have these ids, in the manifest's order."""
        table = self.manifest.table
        chosen = pc.is_in(table["page_id"], value_set=pa.array(page_ids, pa.string()))
        return Manifest(table.filter(chosen)).expected()

    def provenance(self, shard_id: str, loaded: EngineInfo) -> Provenance:
        """Where the rows of a shard come from that is read here and now; an attempt of its own."""
        return Provenance(
            collection=self.layout.collection,
            run_id=self.layout.run_id,
            dag_run_id=self.frozen.dag_run_id,
            shard_id=shard_id,
            attempt=uuid.uuid4().hex,
            pipeline_version=__version__,
            config_sha256=self.frozen.config_sha256,
            engine=loaded,
            host=socket.gethostname(),
        )

    def refuse_other_settings(self, given: Json, retry_of: str | None = None) -> None:
        """Makes sure that ``given`` are the settings the run was planned with.

        Where they have a registry, its champions are those that it had when the run was planned.

        Raises:
            PlanConflictError: they are not; it names which. Or the run was planned as a retry of
                another run than ``retry_of``.
        """
        retries = (self.frozen.retry_of, retry_of)
        was, wanted = (f"a retry of {of}" if of else "no retry" for of in retries)
        if was != wanted:
            raise PlanConflictError(f"run {self.frozen.run_id} was planned as {was}, not {wanted}")
        stood, given = flattened(self.frozen.settings), flattened(given)
        pinned = [f"engine.{name}" for name in PINNED if given.get("registry") is not None]
        other = [key for key in given if given[key] != stood.get(key) and key not in pinned]
        if other:
            raise PlanConflictError(
                f"run {self.frozen.run_id} was planned with other settings of: {', '.join(other)}"
            )

    def refuse_other_models(self, loaded: EngineInfo) -> None:
        """Makes sure that the loaded engine has the models the run was planned with.

        Raises:
            ModelError: it has not; it names which.
        """
        for part in ("engine", "precision", "detector", "recognizer", "dict_sha256"):
            planned, here = getattr(self.frozen.engine, part), getattr(loaded, part)
            if planned != here:
                raise ModelError(f"the run was planned with {part} {planned}, but here is {here}")


def fresh_run_id() -> str:
    """A run id that sorts by time and that no other run has."""
    return f"{now():%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def new_plan(
    run_id: str,
    settings: Json,
    engine: EngineInfo,
    dag_run_id: str | None = None,
    retry_of: str | None = None,
) -> FrozenPlan:
    """The plan of a run that begins now."""
    return FrozenPlan(
        run_id=run_id,
        settings=settings,
        config_sha256=text_digest(settings),
        engine=engine,
        pipeline_version=__version__,
        dag_run_id=dag_run_id,
        planned_at=now(),
        retry_of=retry_of,
    )


def text_digest(settings: Json) -> str:
    """A digest of every setting that can change a row's text: not where, nor how fast."""
    sections = {name: dict(settings[name]) for name in TEXT_SECTIONS}
    for section, key in HOW_FAST:
        del sections[section][key]
    return digest_of(sections)


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
    schemes: Sequence[str] | None = None,
) -> PlannedRun:
    """The plan that stands, with its whole manifest, one shard's part of it, or some columns.

    ``output`` has one of ``schemes``, or, where these are not known, one that the environment or
    the default lets in: the run's own settings are read only then.

    Raises:
        SettingsError: no such run was planned, or it has no such shard; ``output`` holds a secret
            or is of another scheme, and was not asked.
        DamagedFileError: the manifest is not what was written.
    """
    refuse_url(output, schemes or Admission.load().schemes)
    output = storage.absolute(output)
    try:
        manifest = read_manifest(manifest_uri(output, run_id), shard_id, columns)
    except FileNotFoundError as error:
        raise SettingsError(f"no run {run_id!r} was planned in {output}") from error
    with damage_named(manifest_uri(output, run_id)):
        frozen = _frozen_plan(json.loads(manifest.metadata[PLAN_KEY]))
    return PlannedRun(frozen, RunLayout(output, frozen.settings["collection"], run_id), manifest)


def lineage(run: PlannedRun) -> Iterator[PlannedRun]:
    """The run, the run it is a retry of, and so on; of these only the ids and URIs of pages.

    Raises:
        SettingsError: a run that it is a retry of is gone.
    """
    yield run
    while run.frozen.retry_of is not None:
        columns, let_in = ["page_id", "source_uri"], [scheme_of(run.layout.output)]
        run = read_plan(run.layout.output, run.frozen.retry_of, None, columns, let_in)
        yield run


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


def now() -> datetime.datetime:
    """The time, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def pretty_json(values: Json) -> bytes:
    """JSON for people to read."""
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
