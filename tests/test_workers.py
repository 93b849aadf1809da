import atexit
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from ocr_tasks.errors import NotImageError
from ocr_tasks.workers import cores, run_in_processes, worker_number


def unheard(units):
    """Progress that nobody listens to."""


def square(item, tick):
    tick(1)
    return item * item


def tick_often(item, tick):
    for _ in range(item):
        tick(1)
    return item


def process_of(item, tick):
    return os.getpid(), os.getppid()


def fail_on_three(item, tick):
    if item == 3:
        raise NotImageError("three is no image")
    return item


class TwoPartError(Exception):
    """One that pickle cannot make anew: it was given two arguments and keeps one."""

    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


def fail_in_two_parts(item, tick):
    raise TwoPartError(item, item + 1)


def fail_second_while_first_works(item, tick):
    folder, number = Path(item[0]), item[1]
    (folder / f"began-{number}").touch()
    if number == 0:
        wait_until(lambda: (folder / "failed").exists())
        time.sleep(0.5)
    elif number == 1:
        wait_until(lambda: (folder / "began-0").exists())
        (folder / "failed").touch()
        raise NotImageError("the second fails")
    return number


def note_and_fail_first(item, tick):
    folder, number = item
    (Path(folder) / str(number)).touch()
    if number == 0:
        raise NotImageError("the first fails")
    time.sleep(0.05)


@pytest.mark.parametrize(
    ("items", "processes"),
    [
        pytest.param(list(range(7)), 2, id="more items than processes"),
        pytest.param([5], 2, id="fewer items than processes"),
        pytest.param([], 1, id="nothing to do"),
    ],
)
def test_every_item_has_one_result(items, processes):
    results = list(run_in_processes(square, items, processes, unheard))
    assert sorted(results) == [item * item for item in items]


def test_work_runs_in_as_many_children_as_it_was_given():
    ran = list(run_in_processes(process_of, range(6), 2, unheard))
    assert {parent for _, parent in ran} == {os.getpid()}
    assert os.getpid() not in {worker for worker, _ in ran}
    assert len({worker for worker, _ in ran}) <= 2


def test_all_progress_has_been_heard_when_the_last_result_is_there():
    heard = []
    results = list(run_in_processes(tick_often, [50, 1, 0, 200], 2, heard.append))
    assert sorted(results) == [0, 1, 50, 200]
    assert sum(heard) == 251


def test_an_error_in_a_worker_is_raised_here_as_it_was():
    with pytest.raises(NotImageError, match="three is no image"):
        list(run_in_processes(fail_on_three, [1, 2, 3], 2, unheard))


def test_an_error_that_cannot_cross_processes_is_raised_as_one_that_says_the_same():
    with pytest.raises(RuntimeError, match="TwoPartError: 3 and 4") as raised:
        list(run_in_processes(fail_in_two_parts, [3], 1, unheard))
    assert "fail_in_two_parts" in "".join(raised.value.__notes__)


def test_what_is_under_way_when_another_fails_is_finished(tmp_path):
    items = [(str(tmp_path), number) for number in range(6)]
    results = []
    with pytest.raises(NotImageError):
        results.extend(run_in_processes(fail_second_while_first_works, items, 2, unheard))
    assert 0 in results
    assert len(results) < 5


def test_after_an_error_the_remaining_items_are_left(tmp_path):
    items = [(str(tmp_path), number) for number in range(200)]
    with pytest.raises(NotImageError):
        list(run_in_processes(note_and_fail_first, items, 1, unheard))
    assert len(list(tmp_path.iterdir())) < len(items)


def leave_slowly_or_work(item, tick):
    began, is_slow_to_leave = Path(item[0]), item[1]
    if is_slow_to_leave:
        wait_until(began.exists)
        atexit.register(time.sleep, 3)
    else:
        began.touch()
        time.sleep(0.5)
    return is_slow_to_leave, time.monotonic()


def test_a_process_that_is_slow_to_leave_holds_up_no_result(tmp_path):
    items = [(str(tmp_path / "began"), True), (str(tmp_path / "began"), False)]
    for is_slow_to_leave, done in run_in_processes(leave_slowly_or_work, items, 2, unheard):
        if not is_slow_to_leave:
            assert time.monotonic() - done < 2


def test_only_cores_that_this_process_may_use_are_counted():
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert cores() == len(allowed)


def note_pid_and_sleep(item, tick):
    Path(item).write_text(str(os.getpid()))
    time.sleep(120)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_workers_end_with_their_parent_however_it_ends(tmp_path, ending):
    code = (
        "import sys; from ocr_tasks.workers import run_in_processes;"
        "from tests.test_workers import note_pid_and_sleep as work, unheard;"
        "list(run_in_processes(work, sys.argv[1:], 2, unheard))"
    )
    notes = [tmp_path / "one", tmp_path / "two"]
    command = [sys.executable, "-c", code, *map(str, notes)]
    parent = subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL)
    wait_until(lambda: all(note.exists() and note.read_text() for note in notes))
    parent.send_signal(ending)
    parent.wait(20)
    wait_until(lambda: not any(is_running(int(note.read_text())) for note in notes))


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in 30 s"
        time.sleep(0.1)


def is_running(pid):
    """Whether there is such a process; one that only waits to be collected has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def convert_and_look_for_pandas(item, tick):
    pa.array([item])  # at which pyarrow would import it
    return "pandas" in sys.modules


def test_workers_do_without_pandas():
    assert list(run_in_processes(convert_and_look_for_pandas, ["a"], 1, unheard)) == [False]


def number_of_one_of_three(item, tick):
    folder = Path(item)
    (folder / str(os.getpid())).touch()
    wait_until(lambda: len(list(folder.iterdir())) == 3)
    return worker_number()


def test_workers_that_work_at_the_same_time_are_numbered_from_0(tmp_path):
    results = run_in_processes(number_of_one_of_three, [str(tmp_path)] * 3, 3, unheard)
    assert sorted(results) == [0, 1, 2]
    assert worker_number() == 0


def number_and_death(item, tick):
    if not Path(item).exists():
        Path(item).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return worker_number()


def test_a_worker_in_the_place_of_a_dead_one_has_its_number(tmp_path):
    assert list(run_in_processes(number_and_death, [str(tmp_path / "died")], 1, unheard)) == [0]
