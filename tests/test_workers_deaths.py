"""Worker processes that are killed, crash, cannot start or are replaced: no item is lost."""

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from ocr_tasks.errors import WorkerDiedError
from ocr_tasks.workers import ITEMS_A_PROCESS, TRIES, run_in_processes
from tests.test_workers import unheard, wait_until


def note_try(folder, number):
    """Notes a try in a file of its own, with this process's number; returns the tries so far."""
    draft = Path(folder) / f".{number}-{os.getpid()}"
    draft.write_text(str(os.getpid()))
    for tries in itertools.count(1):
        with suppress(FileExistsError):  # two processes may note a try of one item at once
            draft.with_name(f"{number}-{tries}").hardlink_to(draft)
            draft.unlink()
            return tries
    raise AssertionError("it is counted without end")


def tries_in(folder):
    return Counter(int(note.name.split("-")[0]) for note in Path(folder).glob("*-*"))


def wait_for_the_killer(item, tick):
    """Ticks, and in its first try waits until somebody kills it."""
    folder, number = item
    tick(1)
    if note_try(folder, number) == 1 and number % 3 == 0:
        time.sleep(120)
    tick(1)
    return number


def die_on_three(item, tick):
    folder, number = item
    note_try(folder, number)
    tick(1)
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_on_three(item, tick):
    folder, number = item
    note_try(folder, number)
    if number == 3:
        os._exit(7)
    return number


def die_unless_alone(item, tick):
    """Item 0 wants the whole machine: it is killed where another item is under way."""
    folder, number = item
    tries = note_try(folder, number)
    if number == 0:
        if tries == 1:
            wait_until(lambda: list(Path(folder).glob("busy.*")))
        if list(Path(folder).glob("busy.*")):
            os.kill(os.getpid(), signal.SIGKILL)
        return number
    busy = Path(folder) / f"busy.{number}"
    busy.touch()
    time.sleep(0.4)
    busy.unlink()
    return number


def process_of(item, tick):
    return os.getpid()


def fail_after_a_death(item, tick):
    """The first item dies once the second has failed."""
    folder, number = Path(item[0]), item[1]
    if number == 0:
        note_try(folder, number)
        wait_until(lambda: (folder / "failed").exists())
        time.sleep(0.5)
        os._exit(1)
    wait_until((folder / "0-1").exists)
    (folder / "failed").touch()
    raise ValueError("the second fails")


def kill_whoever_waits(folder, numbers):
    """Kills the process of each of these items once, as soon as it has noted its first try."""
    for number in numbers:
        note = Path(folder) / f"{number}-1"
        wait_until(note.exists)
        os.kill(int(note.read_text()), signal.SIGKILL)


def items_in(folder, count):
    return [(str(folder), number) for number in range(count)]


def test_items_whose_process_is_killed_are_done_by_another_and_no_other_is_redone(tmp_path):
    killer = threading.Thread(target=kill_whoever_waits, args=(tmp_path, [0, 3, 6, 9]))
    killer.start()
    heard = []
    items = items_in(tmp_path, 12)
    results = list(run_in_processes(wait_for_the_killer, items, 2, heard.append))
    killer.join()
    assert sorted(results) == list(range(12))
    assert tries_in(tmp_path) == {number: 2 if number % 3 == 0 else 1 for number in range(12)}
    assert sum(heard) == 2 * 12
    assert heard.count(-1) == 4


@pytest.mark.parametrize(
    ("work", "how"),
    [
        pytest.param(die_on_three, r"signal 9 \(Killed\)", id="killed"),
        pytest.param(exit_on_three, "exit code 7", id="exits"),
    ],
)
@pytest.mark.parametrize("processes", [1, 2])
def test_an_item_whose_process_dies_in_every_try_is_an_error_once_the_others_are_done(
    tmp_path, work, how, processes
):
    results, heard = [], []
    items = items_in(tmp_path, 6)
    with pytest.raises(WorkerDiedError, match=f"shard 3 .*{how}") as died:
        results.extend(
            run_in_processes(work, items, processes, heard.append, lambda item: f"shard {item[1]}")
        )
    assert died.value.retryable
    assert sorted(results) == [0, 1, 2, 4, 5]
    assert tries_in(tmp_path) == dict.fromkeys(range(6), 1) | {3: TRIES}
    assert sum(heard) == (5 if work is die_on_three else 0)


def test_the_last_try_of_an_item_has_the_machine_to_itself(tmp_path):
    results = list(run_in_processes(die_unless_alone, items_in(tmp_path, 8), 2, unheard))
    assert sorted(results) == list(range(8))
    assert tries_in(tmp_path)[0] > 1


def test_a_process_takes_so_many_items_and_is_replaced():
    items = range(2 * ITEMS_A_PROCESS + 1)
    did = Counter(run_in_processes(process_of, items, 1, unheard))
    assert sorted(did.values()) == [1, ITEMS_A_PROCESS, ITEMS_A_PROCESS]


def test_a_death_after_an_error_is_no_reason_to_try_again(tmp_path):
    with pytest.raises(ValueError, match="the second fails"):
        list(run_in_processes(fail_after_a_death, items_in(tmp_path, 2), 2, unheard))
    assert tries_in(tmp_path) == {0: 1}


def test_processes_that_cannot_start_are_an_error_and_not_tried_for_every_item(capfd):
    def unknown_there(item, tick):
        return item

    unknown_there.__qualname__ = "unknown_there"  # found by this name here, and not in the child
    sys.modules[__name__].unknown_there = unknown_there
    with pytest.raises(WorkerDiedError, match="no worker process can be started"):
        list(run_in_processes(unknown_there, range(1000), 2, unheard))
    del sys.modules[__name__].unknown_there
    assert capfd.readouterr().err.count("has no attribute 'unknown_there'") <= TRIES + 1


@pytest.mark.parametrize("work", [die_on_three, exit_on_three])
def test_no_process_outlives_the_pool(tmp_path, work):
    before = set(multiprocessing.active_children())
    with pytest.raises(WorkerDiedError):
        list(run_in_processes(work, [(str(tmp_path), 3)] * 3, 2, unheard))
    assert set(multiprocessing.active_children()) <= before


def test_no_process_outlives_a_pool_that_is_left_early(tmp_path):
    before = set(multiprocessing.active_children())
    results = run_in_processes(wait_for_the_killer, items_in(tmp_path, 6)[1:], 2, unheard)
    next(results)
    results.close()
    assert set(multiprocessing.active_children()) <= before
