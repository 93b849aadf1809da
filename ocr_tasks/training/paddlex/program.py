"""PaddleX, run as a program beside us in one of its modes."""

import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from ocr_tasks.errors import TrainingError
from ocr_tasks.training.paddlex.source import VARIABLE, Config
from ocr_tasks.training.programs import run_program
from ocr_tasks.training.spec import PaddlexSpec

# PaddleX reads the environment as it is imported, and knows PaddleOCR's models only once the module
# that registers them is. When we die, its standard input ends, and it takes its group along.
PROGRAM = """
import os, signal, threading
def end_with_us():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)
threading.Thread(target=end_with_us, daemon=True).start()
import paddlex.repo_apis.PaddleOCR_api
from paddlex.engine import Engine
Engine().run()
"""
MISSING = re.compile(r"(?:ModuleNotFoundError|ImportError): (.*)")
LAST_LINES = 15  # of a program that failed, in the message
HEARD_LINES = 60  # of which they are taken
TRACEBACK = "Traceback (most recent call last):"


def run_paddlex(
    config: Config,
    tree: Path,
    spec: PaddlexSpec,
    hear: Callable[[str], None],
    seconds: float | None = None,
) -> bool:
    """Has PaddleX do what ``config`` says; False where it was ended as it took too long.

    Raises:
        TrainingError: it failed; the message has its last words.
    """
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        del lines[:-HEARD_LINES]
        hear(line)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paddlex.yaml"
        path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        command = [spec.python or sys.executable, "-c", PROGRAM, "-c", str(path)]
        status = run_program(command, environment(tree, os.environ), note, seconds)
    if status not in (0, None):
        raise TrainingError(_what_failed(config, status, lines))
    return status == 0


def environment(tree: Path, ours: Mapping[str, str]) -> dict[str, str]:
    """The environment that PaddleX needs, so that it fetches nothing and finds the tree."""
    return {
        **ours,
        VARIABLE: str(tree),
        "PADDLE_PDX_LOCAL_FONT_FILE_PATH": str(_font()),
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
    }


def _font() -> Path:
    """A font that is here; PaddleX would fetch one."""
    found = importlib.util.find_spec("matplotlib")
    assert found is not None
    assert found.submodule_search_locations
    return (
        Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    )


def _what_failed(config: Config, status: int, lines: list[str]) -> str:
    what = config["Global"]
    told = f"PaddleX's {what['mode']} of {what['model']} ended with status {status}"
    missing = [found[1] for line in lines if (found := MISSING.match(line))]
    if missing:
        return (
            f"{told}: {missing[-1]}; PaddleOCR's requirements.txt names what its trainer imports: "
            "install it, or name an interpreter that has it by train.paddlex.python"
        )
    words = _last_words(lines)
    said = _said_in(Path(what["output"]) / f"{what['mode']}_result.json").get("err_msg")
    return "\n".join(filter(None, [f"{told}: {said}" if said else told, *words]))


def _last_words(lines: list[str]) -> list[str]:
    """The last lines before PaddleX's own traceback, which says where it called PaddleOCR."""
    ends = [number for number, line in enumerate(lines) if line.startswith(TRACEBACK)]
    before = lines[: ends[-1]] if len(ends) > 1 else lines
    return before[-LAST_LINES:]


def metrics_in(output: Path) -> dict[str, float]:
    """What PaddleX's evaluation has found: acc, norm_edit_dis, hmean and the like."""
    metrics: dict[str, float] = _said_in(output / "evaluate_result.json").get("metrics", {})
    return metrics


def _said_in(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        said = json.loads(path.read_text(encoding="utf-8"))
        return said if isinstance(said, dict) else {}
    return {}
