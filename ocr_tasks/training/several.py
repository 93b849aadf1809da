"""A training by several processes, one for each GPU or some on the CPU.

``paddle.distributed.launch`` starts them beside us, in processes of their own: a worker of Airflow
has threads and a client of its database, which no GPU's runtime should meet. Beside its logs it
writes down the environment with every secret, so those lie in a folder that only we can read, and
that is removed in the end.
"""

import json
import logging
import os
import pickle
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.errors import OcrTasksError, SettingsError, WorkerDiedError
from ocr_tasks.training.outputs import RESULT, Json, read_told
from ocr_tasks.training.programs import run_program
from ocr_tasks.training.progress import LineEvaluation
from ocr_tasks.training.running import Listener, Step
from ocr_tasks.training.spec import TrainSpec, gpus_of, processes_of

TASK = "task"  # in the folder that the processes share: what they learn
STEP = "step "  # before what the first of them says of each step
RANK = ("-m", "ocr_tasks.training.rank")
VISIBLE = "CUDA_VISIBLE_DEVICES"
LAST_LINES = 15  # of processes that died, in the message

log = logging.getLogger(__name__)


def learn_together(dataset: Dataset, output: str, spec: TrainSpec, hear: Listener) -> Json:
    """Trains as train.learn does, by several processes; see there for what is raised.

    Raises:
        WorkerDiedError: one of them was killed; all others are ended then.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / TASK).write_bytes(pickle.dumps((dataset, output, spec)))
        lines: list[str] = []

        def note(line: str) -> None:
            if line.startswith(STEP):
                hear(_step_in(line))
                return
            log.debug("%s", line)
            lines.append(line)
            del lines[:-LAST_LINES]

        command = [*_launcher(spec, folder), str(folder)]
        status = run_program(command, environment_of(spec), note)
        if status != 0:
            _raise_why(folder, spec, lines)
    return read_told(output, RESULT)


def _launcher(spec: TrainSpec, folder: Path) -> list[str]:
    """The command that starts the processes; each gets the folder as its argument."""
    launch = [sys.executable, "-m", "paddle.distributed.launch", "--max_restart", "0"]
    launch += ["--nproc_per_node", str(processes_of(spec)), "--log_dir", str(folder / "logs")]
    return [*launch, sys.executable, *RANK]


def environment_of(spec: TrainSpec) -> dict[str, str]:
    """The environment of the processes: only the GPUs of ``spec`` are to be seen in it.

    Raises:
        SettingsError: one of them is not to be seen here.
    """
    gpus = [int(device.removeprefix("gpu:")) for device in gpus_of(spec)]
    if not gpus:
        return dict(os.environ)
    visible = list(filter(None, os.environ.get(VISIBLE, "").split(",")))
    if visible and max(gpus) >= len(visible):
        raise SettingsError(f"train.device={spec.device}: only {len(visible)} is visible")
    chosen = (visible[gpu] if visible else str(gpu) for gpu in gpus)
    return dict(os.environ) | {VISIBLE: ",".join(chosen)}


def told_of(step: Step) -> str:
    """A step as a line that the launcher hands on."""
    return STEP + json.dumps(asdict(step))


def _step_in(line: str) -> Step:
    told = json.loads(line.removeprefix(STEP))
    return Step(**told | {"evaluation": LineEvaluation(**told["evaluation"])})


def error_file(folder: Path, number: int) -> Path:
    """Where a process leaves the error that it ended with."""
    return folder / f"error-{number}"


def _raise_why(folder: Path, spec: TrainSpec, lines: list[str]) -> None:
    """Raises what a process has raised; those that it left alone have nothing to say."""
    for number in range(processes_of(spec)):
        file = error_file(folder, number)
        if file.exists():
            error = pickle.loads(file.read_bytes())  # noqa: S301 - our own, in a folder of ours
            assert isinstance(error, OcrTasksError)
            raise error
    told = "\n".join(lines)
    raise WorkerDiedError(f"a process of the training was killed, and all others ended:\n{told}")
