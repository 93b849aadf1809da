"""The seal of a run: written once, if its rows are those that were planned, page for page."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from annotated_types import Interval

from ocr_tasks import storage
from ocr_tasks.planning import PlannedRun, now, pretty_json
from ocr_tasks.results.schema import UNREAD
from ocr_tasks.results.seal import Audit, audit_run, read_seal, refuse_changed_files

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FailureSpec:
    """The largest share of failed pages with which a sealed run still counts as a success."""

    max_share: Annotated[float, Interval(ge=0, le=1)] = 0.1


def seal_run(run: PlannedRun, spec: FailureSpec) -> Json:
    """The seal of the run, which is written if there is none yet.

    Raises:
        SealRefusedError: a page or shard is missing, twice, or was never expected.
        DamagedFileError: a file of the run is not what was committed or sealed.
    """
    if not run.is_sealed():
        content = seal_content(run, audit_run(run.layout, run.manifest.table), spec)
        if storage.create(run.layout.seal, pretty_json(content), run.layout.staging):
            return content
    sealed = read_seal(run.layout)
    refuse_changed_files(run.layout, sealed["files"])
    return sealed


def seal_content(run: PlannedRun, audit: Audit, spec: FailureSpec) -> Json:
    """What the seal says of a run whose rows were audited."""
    frozen = run.frozen
    failed_share = sum(audit.by_status[status] for status in UNREAD) / audit.pages
    sealed_at = now()
    return {
        "run_id": frozen.run_id,
        "collection": run.layout.collection,
        "retry_of": frozen.retry_of,
        "pages": audit.pages,
        "by_status": dict(sorted(audit.by_status.items())),
        "by_error": dict(sorted(audit.by_error.items())),
        "failed_share": failed_share,
        "within_budget": failed_share <= spec.max_share,
        "lines": audit.lines,
        "conf_mean": audit.conf_mean,
        "engine": asdict(frozen.engine),
        "config_sha256": frozen.config_sha256,
        "pipeline_version": frozen.pipeline_version,
        "planned_at": frozen.planned_at.isoformat(),
        "sealed_at": sealed_at.isoformat(),
        # Between two readings of a wall clock, which may have been set back in between.
        "duration_s": max(0.0, (sealed_at - frozen.planned_at).total_seconds()),
        "files": audit.files,
    }
