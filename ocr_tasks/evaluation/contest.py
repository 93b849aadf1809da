"""Candidate and champion read the same lines by the same engine, and what came of it is kept."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Annotated, Any, Literal

from annotated_types import Ge

from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.samples import TEST, Dataset, labels_digest
from ocr_tasks.engines.contract import Engine
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec, Precision
from ocr_tasks.errors import GateRefusedError
from ocr_tasks.evaluation.checks import WEIGHTS, file_faults, time_ratio
from ocr_tasks.evaluation.evaluate import (
    EvaluationSpec,
    LabelledCrop,
    Part,
    evaluate,
    labelled_crops,
    sources_of,
)
from ocr_tasks.evaluation.evidence import Checks, Parity, Readings, TrainedOn
from ocr_tasks.evaluation.outputs import (
    read_checks,
    read_evaluation,
    read_verdict,
    write_checks,
    write_evaluation,
)
from ocr_tasks.evaluation.report import EvalReport
from ocr_tasks.evaluation.verdict import Verdict
from ocr_tasks.registry.incumbents import Incumbent

TIMED_LINES = 50  # on which both models take turns
VAL_JUDGED = (
    "It was judged on val, by which its weights were chosen: what it reads there looks better "
    "than it is."
)
CANDIDATE, CHAMPION = "candidate", "champion"

Json = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReaderSpec:
    """The engine that serves both models; see EngineSpec."""

    kind: Literal["auto", "onnx", "openvino"] = "auto"
    device: str = "cpu"
    precision: Precision = "auto"
    threads: Annotated[int, Ge(0)] = 0

    def engine(self, weights: str | None, sha256: str | None) -> EngineSpec:
        """The engine with the recogniser of this URL and digest, or the built-in one."""
        served = EngineSpec(self.kind, self.device, self.precision, self.threads)
        return replace(served, rec_model=weights, rec_sha256=sha256)


@dataclass(frozen=True, slots=True)
class Contest:
    """What both models read, and how: sets by their names, and where the results go.

    ``sets`` has ``test`` and perhaps ``retention``.
    """

    output: str
    sets: Mapping[str, Dataset]
    reader: ReaderSpec
    spec: EvaluationSpec
    limits: LimitSpec

    def spec_of(self, name: str) -> EvaluationSpec:
        """How a set is read: its part is ``val`` where that of the spec has no line."""
        return replace(self.spec, part=part_of(self.sets[name], self.spec))


def part_of(dataset: Dataset, spec: EvaluationSpec) -> Part:
    """The part of a set that is read: that of ``spec``, or ``val`` where ``test`` has no line."""
    return "val" if spec.part == TEST and not dataset.of_part(TEST) else spec.part


def read_by_champion(contest: Contest, engine: Engine, hear: Progress) -> Json:
    """Has the champion read every set; returns, and writes, its numbers by set."""
    told = {}
    for name, dataset in contest.sets.items():
        report = evaluate(dataset, engine, contest.spec_of(name), contest.limits, hear)
        name_ = champions_name(name)
        told[name] = write_evaluation(
            contest.output, name_, {CHAMPION: report}, dataset, contest.limits
        )
    return told


def has_read(contest: Contest, champion: Engine) -> bool:
    """Whether the evaluation of every set, with the labels of now, by this champion is there."""
    for name, dataset in contest.sets.items():
        try:
            report = read_evaluation(contest.output, champions_name(name))[CHAMPION]
        except FileNotFoundError:
            return False
        samples = dataset.of_part(contest.spec_of(name).part)
        source_of = sources_of(dataset, contest.spec)
        told = {(each.path, each.label, each.group, source_of(each.path)) for each in samples}
        is_whole = len(report.lines) + len(report.unscored) == len(samples)
        is_same = all((x.path, x.label, x.group, x.source) in told for x in report.lines)
        if not (is_whole and is_same and report.engine == champion.info):
            return False
    return True


def labels_of(sets: Mapping[str, Dataset], spec: EvaluationSpec) -> dict[str, str]:
    """The digests of the labels that each set is judged by."""
    return {name: labels_digest(each, (part_of(each, spec),)) for name, each in sets.items()}


def champions_name(name: str) -> str:
    """What the champion's evaluation of a set is called."""
    return f"champion_{name}"


def read_by_candidate(
    contest: Contest, folder: str, checks: Json, files: Json, champion: Engine, hear: Progress
) -> Json:
    """Has the candidate in ``folder`` read what the champion read, and notes it in the checks.

    ``files`` are the digests of its files, as they were made. Returns, and writes, ``checks`` with
    what is wrong with its ``files``, ``time_ratio``, and the ``numbers`` of both by set, none where
    its files are faulty.
    """
    spec = contest.reader.engine(folder, files.get(WEIGHTS))
    faults = file_faults(folder, files, spec)
    checks |= {"files": faults}
    if faults:
        write_checks(contest.output, checks)
        return checks
    engine = load_engine(spec)
    for name, dataset in contest.sets.items():
        report = evaluate(dataset, engine, contest.spec_of(name), contest.limits, hear)
        base = read_evaluation(contest.output, champions_name(name))[CHAMPION]
        both = {CANDIDATE: report, CHAMPION: base}
        numbers = write_evaluation(contest.output, name, both, dataset, contest.limits)
        checks["numbers"][name] = numbers
    crops = [each.crop[None] for each in _timed(contest)]
    looks = engine.recognizer.recognize, champion.recognizer.recognize
    checks["time_ratio"] = time_ratio(*looks, crops)
    write_checks(contest.output, checks)
    return checks


def _timed(contest: Contest) -> Iterator[LabelledCrop]:
    part = contest.spec_of("test").part
    lines = labelled_crops(contest.sets["test"], part, contest.limits)
    return islice((each for each in lines if isinstance(each, LabelledCrop)), TIMED_LINES)


def begun_checks(
    exported: Json, sets: Mapping[str, Dataset], spec: EvaluationSpec, champion: Incumbent
) -> Json:
    """The checks before anything was looked at: what will be judged, against whom, and by what.

    ``exported`` has the digests of the candidate's ``files`` and its ``parity``, as they were made.
    """
    return {
        "sha256": exported["files"].get(WEIGHTS, ""),
        "champion": {"number": champion.number, "digest": champion.digest},
        "labels": labels_of(sets, spec),
        "files": [],
        "parity": worst_of(exported["parity"]),
        "time_ratio": None,
        "sets": list(sets),
        "numbers": {},
    }


def worst_of(parities: Mapping[str, Json]) -> Json | None:
    """The parity of an export: the least of its forms'."""
    if not parities:
        return None
    told = parities.values()
    worst = Parity(
        min(each["crops"] for each in told),
        min(each["equal"] for each in told),
        max(each["most_off"] for each in told),
    )
    return asdict(worst)


def evidence_of(output: str, trained_on: TrainedOn) -> tuple[Readings | None, Readings, Checks]:
    """What the gate is told of an evaluated candidate: its readings, the champion's, the checks.

    Raises:
        FileNotFoundError: nothing was evaluated there.
        DamagedFileError, StorageError: see read_evaluation.
    """
    told = read_checks(output)
    checks = checks_of(told, trained_on)
    base = {name: read_evaluation(output, champions_name(name)) for name in told["sets"]}
    champion = _readings(base, CHAMPION)
    if checks.files:
        return None, champion, checks
    read = {name: read_evaluation(output, name) for name in told["sets"]}
    return _readings(read, CANDIDATE), champion, checks


def checks_of(told: Json, trained_on: TrainedOn) -> Checks:
    """The checks that were written as these values, with what the candidate has seen."""
    parity = Parity(**told["parity"]) if told["parity"] else None
    return Checks(told["sha256"], tuple(told["files"]), parity, told["time_ratio"], trained_on)


def _readings(read: Mapping[str, Mapping[str, EvalReport]], role: str) -> Readings:
    retention = read.get("retention")
    return Readings(read["test"][role], retention[role] if retention else None)


def promoting_verdict(output: str, with_canary: bool = False) -> Verdict:
    """The verdict on what was evaluated last below ``output``, which let it pass.

    It has to have the ruling of a canary ``with_canary``.

    Raises:
        GateRefusedError: the gate refused it, or has judged nothing, or other weights.
        DamagedFileError, StorageError: see read_evaluation.
    """
    try:
        verdict, sha256 = read_verdict(output), read_checks(output)["sha256"]
    except FileNotFoundError as error:
        raise GateRefusedError(f"the gate has judged nothing in {output}") from error
    refuse_unless_promoted(verdict)
    if not verdict.candidate.endswith(sha256):
        raise GateRefusedError(f"the gate has judged {verdict.candidate}, and not {sha256}")
    if with_canary and not any(each.rule == "canary" for each in verdict.rulings):
        raise GateRefusedError("it has read no pages of the canary's run: ask the gate again")
    return verdict


def refuse_unless_promoted(verdict: Verdict) -> None:
    """Raises GateRefusedError, with every reason, where a rule did not let the candidate pass."""
    if not verdict.promoted:
        raise GateRefusedError("\n".join(str(ruling) for ruling in verdict.reasons))
