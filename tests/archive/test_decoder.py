"""The decoder process from inside: the file it reads by asking, and its own limits."""

import io
import os
import resource
import signal
import socket
import subprocess
import sys
import threading

import pytest

from ocr_tasks.archive.channel import MAX_READ, Channel, ChannelClosedError
from ocr_tasks.archive.decoder import AskedFile

DATA = bytes(range(256)) * 40_000  # 10 MB, more than is asked for at a time


@pytest.fixture
def asked():
    """A file that is read by asking, and the ranges it asked for."""
    here, there = (Channel(end) for end in socket.socketpair())
    ranges = []

    def serve():
        try:
            while True:
                message, _ = here.receive(0)
                offset, length = message["read"]
                ranges.append((offset, length))
                here.send({}, DATA[offset : offset + length])
        except ChannelClosedError:
            pass

    thread = threading.Thread(target=serve)
    thread.start()
    yield AskedFile(there, len(DATA)), ranges
    there.close()
    thread.join(10)
    here.close()


@pytest.mark.parametrize("buffered", [False, True])
def test_a_file_that_is_asked_for_reads_as_one_on_disk(asked, tmp_path, buffered):
    file, _ = asked
    file = io.BufferedReader(file, 1 << 18) if buffered else file
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with path.open("rb", buffering=-1 if buffered else 0) as truth:
        for offset, whence in [
            (0, 0),
            (7, 0),
            (100, 1),
            (-5, 2),
            (3, 2),
            (0, 2),
            (-9, 1),
            (255, 0),
        ]:
            assert file.seek(offset, whence) == truth.seek(offset, whence)
            assert file.read(20) == truth.read(20)
            assert file.tell() == truth.tell()
        for offset, whence in [(-1, 0), (-len(DATA) - 1, 2)]:
            for one in (file, truth):
                with pytest.raises(OSError, match=r"nvalid|beginning"):
                    one.seek(offset, whence)


def test_no_more_is_asked_for_at_a_time_than_the_worker_gives(asked):
    file, ranges = asked
    assert io.BufferedReader(file).read(len(DATA)) == DATA
    assert max(length for _, length in ranges) == MAX_READ
    assert sum(length for _, length in ranges) == len(DATA)


def test_nothing_is_asked_for_beyond_the_end(asked):
    file, ranges = asked
    file.seek(len(DATA) - 3)
    assert file.read(100) == DATA[-3:]
    assert file.read(100) == b""
    assert ranges == [(len(DATA) - 3, 3)]


def test_who_asks_a_worker_that_is_gone_is_told():
    here, there = socket.socketpair()
    here.close()
    with pytest.raises(ChannelClosedError):
        AskedFile(Channel(there), 10).read(5)
    there.close()


IN_A_PROCESS = """
import socket, sys, time
from ocr_tasks.archive import decoder
from ocr_tasks.archive.raster import DecodeSpec

decoder.CPU_GRACE_SECONDS = 0
spec = DecodeSpec(timeout_seconds=2)
here, there = socket.socketpair()
channel = decoder.TaskChannel(there, spec)
decoder.limit_task(spec)
while time.process_time() < {seconds}:
    if {tells}:
        channel.send({{"part": 0}})
        here.recv(100)
"""


@pytest.mark.parametrize(
    ("tells", "ends_with"),
    [
        pytest.param(False, -signal.SIGXCPU, id="it tells nothing"),
        pytest.param(True, 0, id="it tells of its progress"),
    ],
)
def test_a_task_may_use_a_core_for_long_only_while_it_gets_on(tells, ends_with):
    code = IN_A_PROCESS.format(seconds=4.5, tells=tells)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == ends_with


UNDER_A_LIMIT = """
import resource
from ocr_tasks.archive import decoder
from ocr_tasks.archive.raster import DecodeSpec

spec = DecodeSpec(timeout_seconds={seconds})
decoder.limit_process(spec)
for _ in range(2):
    decoder.limit_task(spec)
soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
print(soft < hard, hard)
"""


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        pytest.param(60, "False 40", id="the worker's own limit is lower"),
        pytest.param(1e-3, "True 40", id="the task's limit is lower"),
    ],
)
def test_a_task_keeps_to_the_lower_of_its_workers_limit_and_its_own(seconds, told):
    code = UNDER_A_LIMIT.format(seconds=seconds)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (40, 40)),
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{told}\n", done.stderr
