"""Label files are put in place all together or not at all, wherever the process is killed."""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ocr_tasks import storage
from ocr_tasks.dataset import swap
from ocr_tasks.dataset.swap import finish_swap, swap_files
from ocr_tasks.errors import SplitConflictError
from ocr_tasks.stores import local

OLD = {"train.txt": b"a\nb\nc\n", "val.txt": b"d\n"}
NEW = {"train.txt": b"a\nd\n", "val.txt": b"b\nc\n", "test.txt": b"\xe9\n"}
BACKUPS = {f"{file}.bak": data for file, data in OLD.items()}
ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("KILLS", "12"))


class KilledError(BaseException):
    """What stands for the death of the process."""


def files_in(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


@pytest.fixture
def root(tmp_path):
    for file, data in OLD.items():
        (tmp_path / file).write_bytes(data)
    return str(tmp_path)


def test_new_files_stand_and_the_old_ones_are_kept(root):
    assert swap_files(root, NEW) == {"train.txt": "train.txt.bak", "val.txt": "val.txt.bak"}
    assert files_in(root) == NEW | BACKUPS


def test_every_swap_keeps_the_files_it_replaces_and_overwrites_none(root):
    states = [OLD, NEW, OLD | {"test.txt": b""}, NEW]
    for after in states[1:]:
        swap_files(root, after)
    kept = files_in(root)
    for ending, before in zip(("bak", "bak.2", "bak.3"), states, strict=False):
        for file, data in before.items():
            assert kept[f"{file}.{ending}"] == data
    assert {file: kept[file] for file in NEW} == NEW


def test_files_that_are_as_they_should_be_are_left_alone(root):
    assert swap_files(root, OLD) == {}
    assert files_in(root) == OLD


def test_a_copy_that_a_person_left_is_not_overwritten(root, tmp_path):
    (tmp_path / "val.txt.bak").write_bytes(b"mine")
    assert swap_files(root, NEW)["train.txt"] == "train.txt.bak.2"
    assert files_in(root)["val.txt.bak"] == b"mine"


def steps_that_die(monkeypatch, at):
    """Has the process die at its n-th change of a file, before or after it is made."""
    changes = itertools.count()

    def dying(change):
        def wrapped(*arguments):
            if next(changes) == at:
                raise KilledError
            answer = change(*arguments)
            if next(changes) == at:
                raise KilledError
            return answer

        return wrapped

    for name in ("create", "remove"):
        monkeypatch.setattr(local, name, dying(getattr(local, name)))


def test_killed_at_any_step_it_is_as_before_or_finished_by_the_next_start(root, monkeypatch):
    ends = []
    for at in itertools.count():
        for path in Path(root).iterdir():
            if path.is_file():
                path.unlink()
        for file, data in OLD.items():
            (Path(root) / file).write_bytes(data)
        with monkeypatch.context() as patch:
            steps_that_die(patch, at)
            try:
                swap_files(root, NEW)
                break
            except KilledError:
                pass
        between = {file: data for file, data in files_in(root).items() if file in NEW}
        assert between.items() <= OLD.items() or between.items() <= NEW.items()
        finish_swap(root)
        ends.append(files_in(root) == NEW | BACKUPS)
        assert ends[-1] or files_in(root) == OLD
        assert finish_swap(root) is False
    assert len(ends) > 10
    assert sorted(ends) == ends  # once it is decided, it is


@pytest.mark.parametrize("at", range(4, 16, 3))
@pytest.mark.parametrize("then_at", range(0, 16, 3))
def test_killed_while_it_finishes_it_is_finished_by_the_one_after(root, monkeypatch, at, then_at):
    with monkeypatch.context() as patch:
        steps_that_die(patch, at)
        with pytest.raises(KilledError):
            swap_files(root, NEW)
    with monkeypatch.context() as patch, suppress(KilledError):
        steps_that_die(patch, then_at)
        finish_swap(root)
    finish_swap(root)
    assert files_in(root) == NEW | BACKUPS


CHILD = """
import sys
from ocr_tasks.dataset.swap import swap_files
root, turns = sys.argv[1], 0
print("ready", flush=True)
while True:
    turns += 1
    lines = [f"line {number} of turn {turns}\\n".encode() for number in range(2000)]
    swap_files(root, {"train.txt": b"".join(lines[:1500]), "val.txt": b"".join(lines[1500:])})
"""


def turn_of(data):
    """The one turn that all lines of a file are of."""
    turns = {line.split()[-1] for line in data.splitlines()}
    assert len(turns) == 1
    return turns.pop()


def test_killed_for_real_no_file_is_torn_and_no_two_are_of_different_splits(root):
    chance = random.Random(5)
    in_the_middle = 0
    (Path(root) / "train.txt").write_bytes(b"turn 0\n" * 1500)
    (Path(root) / "val.txt").write_bytes(b"turn 0\n" * 500)
    for _ in range(KILLS):
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, root], stdout=subprocess.PIPE, env=environment
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.005, 0.1))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        in_the_middle += finish_swap(root)
        now = files_in(root)
        assert turn_of(now["train.txt"]) == turn_of(now["val.txt"])
        assert (now["train.txt"].count(b"\n"), now["val.txt"].count(b"\n")) == (1500, 500)
        for file, data in now.items():
            if ".bak" in file:
                turn_of(data)
    assert in_the_middle


def test_a_file_that_somebody_changed_meanwhile_is_not_overwritten(root, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        steps_that_die(patch, 2)
        with pytest.raises(KilledError):
            swap_files(root, NEW)
    (tmp_path / "train.txt").write_bytes(b"by hand\n")
    with pytest.raises(SplitConflictError, match=r"train\.txt was changed"):
        finish_swap(root)
    assert files_in(root)["train.txt"] == b"by hand\n"


def test_a_second_swap_at_the_same_time_is_refused(root, monkeypatch):
    real = storage.create

    def others_first(uri, data, staging):
        monkeypatch.setattr(storage, "create", real)
        assert storage.create(uri, b"[]", staging)
        return real(uri, data, staging)

    monkeypatch.setattr(storage, "create", others_first)
    with pytest.raises(SplitConflictError, match="same time"):
        swap_files(root, NEW)
    assert files_in(root) == OLD


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_other_stores_are_written_in_the_same_way(kind, memory_url, s3_endpoint):
    root = memory_url if kind == "memory" else s3_endpoint.uri("swap [x]*")
    for file, data in OLD.items():
        storage.write(storage.join(root, file), data)
    swap_files(root, NEW)
    found = {
        each.uri.rsplit("/", 1)[-1]: storage.read_bytes(each.uri)
        for each in storage.list_objects(root)
    }
    assert found == NEW | BACKUPS


def test_what_killed_processes_left_in_the_folder_of_the_journal_goes(root, tmp_path):
    (tmp_path / swap.FOLDER).mkdir()
    (tmp_path / swap.FOLDER / ".0.part").write_bytes(b"half")
    swap_files(root, NEW)
    assert list((tmp_path / swap.FOLDER).iterdir()) == []
