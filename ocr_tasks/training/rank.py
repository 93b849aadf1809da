"""``python -m ocr_tasks.training.rank FOLDER``: one of several processes that train together."""

import os
import pickle
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_tasks.errors import OcrTasksError

if TYPE_CHECKING:
    from ocr_tasks.training.running import Step


def main(folder: Path) -> int:
    """Learns what the folder's task says, and leaves there the error that it ended with."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from ocr_tasks.training.crew import Team
    from ocr_tasks.training.several import TASK, error_file
    from ocr_tasks.training.spec import of_one_process
    from ocr_tasks.training.train import learn

    dataset, output, spec = pickle.loads((folder / TASK).read_bytes())  # noqa: S301 - our own
    if spec.device == "cpu":
        os.environ["PADDLE_DISTRI_BACKEND"] = "gloo"
    crew = Team()
    try:
        learn(dataset, output, of_one_process(spec, crew.number), _say, crew)
    except OcrTasksError as error:
        error_file(folder, crew.number).write_bytes(pickle.dumps(error))
        return 1
    return 0


def _say(step: "Step") -> None:
    from ocr_tasks.training.several import told_of

    sys.stdout.write(told_of(step) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """Ends this process when the one that started all has ended, and with it our standard input."""
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
