"""The steps of a run, each by the command line in a process of its own."""

import json
from pathlib import Path
from typing import Any

from ocr_tasks.jobs import archive_ocr
from ocr_tasks.jobs.archive_settings import ArchiveOcrSettings
from ocr_tasks.settings import parse_overrides
from tests.faults.places import Folder, Place
from tests.faults.processes import HOOKED, Started, start

PAGES_A_SHARD = 8
SETTINGS = ("-o", "engine.kind=fake", "-o", f"shards.pages={PAGES_A_SHARD}")
# The input has broken files on purpose.
MANY_MAY_FAIL = ("-o", "failures.max_share=0.9")


def plan(place: Place, run_id: str, *more: str) -> tuple[str, ...]:
    """The arguments of ``plan``."""
    where = ("--input", place.source, "--output", place.output, "--run-id", run_id)
    return ("plan", *where, *SETTINGS, *MANY_MAY_FAIL, *more)


def run(place: Place, run_id: str, *more: str) -> tuple[str, ...]:
    """The arguments of ``run``, with two workers."""
    return ("run", *plan(place, run_id)[1:], "--workers", "2", *more)


def infer(place: Place, run_id: str, shard_id: str | None = None) -> tuple[str, ...]:
    """The arguments of ``infer``: one shard in the process itself, or all by two workers."""
    which = ("--workers", "2") if shard_id is None else ("--shard", shard_id)
    return ("infer", "--output", place.output, "--run-id", run_id, *which)


def seal(place: Place, run_id: str) -> tuple[str, ...]:
    """The arguments of ``seal``."""
    return ("seal", "--output", place.output, "--run-id", run_id)


def do(place: Place, folder: Path, args: tuple[str, ...], **options: Any) -> Started:
    """Runs the command to its end."""
    env = place.env | options.pop("env", {})
    started = start(options.pop("command", HOOKED) + args, folder, env, **options)
    started.wait()
    return started


def do_well(place: Place, folder: Path, args: tuple[str, ...], **options: Any) -> str:
    """What the command said; fails unless its exit code is 0."""
    done = do(place, folder, args, **options)
    assert done.wait() == 0, done.said()
    return done.said()


def refused_with(place: Place, folder: Path, args: tuple[str, ...], **options: Any) -> str:
    """The code of the error the command ended with; fails where it did not, or with none."""
    done = do(place, folder, args, **options)
    codes = [word for word in done.said().split() if word.startswith("E_")]
    assert done.wait() in {1, 2}, done.said()
    assert codes, done.said()
    assert "Traceback" not in done.said(), done.said()
    return codes[0]


def planned_shards(place: Place, folder: Path, run_id: str) -> list[str]:
    """Plans the run; the ids of its shards."""
    shards: list[str] = json.loads(do_well(place, folder, plan(place, run_id)))["shards"]
    return shards


def finish(place: Place, folder: Path, run_id: str) -> None:
    """Takes the run up where it is and seals it, as a person does after a fault."""
    do_well(place, folder, run(place, run_id))


def finish_here(place: Folder, run_id: str) -> None:
    """The same in this process, step by step, as the tasks of a DAG do."""
    options = [*SETTINGS, *MANY_MAY_FAIL]
    overrides = parse_overrides([option for option in options if option != "-o"])
    where = {"input": place.source, "output": place.output}
    planned = archive_ocr.plan(ArchiveOcrSettings.load(None, overrides | where), run_id)
    for shard_id in planned["shards"]:
        archive_ocr.infer(planned["output"], run_id, shard_id)
    archive_ocr.seal(planned["output"], run_id)
