"""Programs beside us: heard line by line, ended in time, and with all that they started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocr_tasks.training import programs
from ocr_tasks.training.programs import MARK, marked, run_program

ORPHANS = """
import os, subprocess, sys, time
sleep = "import os, time; os.write(1, b'asleep' + bytes([10])); time.sleep(100)"
sleeper = [sys.executable, "-c", sleep]
subprocess.Popen(sleeper)
subprocess.Popen(sleeper, start_new_session=True)
print(os.environ["{mark}"], flush=True)
{then}
"""


def run(code, seconds=None, hear=lambda line: None):
    return run_program([sys.executable, "-c", code], os.environ, hear, seconds)


def orphans(then):
    return ORPHANS.format(mark=MARK, then=then)


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(3)", 3)])
def test_the_status_of_a_program_is_returned(code, status):
    assert run(code) == status


def test_every_line_is_heard_from_both_outputs():
    lines = []
    run("import sys; print('out'); print('é', file=sys.stderr)", hear=lines.append)
    assert sorted(lines) == ["out", "é"]


def test_bytes_that_are_no_utf_8_are_heard_too():
    lines = []
    run("import os; os.write(1, b'a\\xffb')", hear=lines.append)
    assert lines == ["a\ufffdb"]


@pytest.mark.parametrize("answer", ["SIG_DFL", "SIG_IGN"], ids=["obedient", "deaf"])
def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(answer, monkeypatch):
    monkeypatch.setattr(programs, "GRACE_SECONDS", 0.5)
    lines = []
    started = time.monotonic()
    answering = f"import signal; signal.signal(signal.SIGTERM, signal.{answer})\n"
    code = answering + orphans("time.sleep(100)")
    assert run(code, seconds=2, hear=lines.append) is None
    assert time.monotonic() - started < 10
    assert lines.count("asleep") == 2
    assert marked(mark_in(lines)) == []


def test_what_a_program_has_left_behind_is_ended():
    lines = []

    def hear(line):
        lines.append(line)
        if lines.count("asleep") == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(orphans("time.sleep(100)"), hear=hear)
    assert marked(mark_in(lines)) == []


def test_a_program_learns_that_we_have_died():
    told = "import os; os.read(0, 1); print('alone', flush=True); os._exit(0)"
    ours = (
        "import os, sys; from ocr_tasks.training.programs import run_program; "
        f"run_program([sys.executable, '-c', {told!r}], os.environ, print)"
    )
    with subprocess.Popen([sys.executable, "-c", ours], stdout=subprocess.PIPE) as process:
        (child,) = eventually(lambda: children(process.pid))
        process.send_signal(signal.SIGKILL)
        eventually(lambda: not alive(child))


def mark_in(lines):
    (mark,) = (line for line in lines if len(line) == 32)
    return mark


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in listed]


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def eventually(ask):
    deadline = time.monotonic() + 10
    while not (found := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
