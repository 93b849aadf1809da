"""Decoders as they are borrowed: by threads, daemons and forked processes, with passwords."""

import hashlib
import io
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from ocr_tasks.archive import containment
from ocr_tasks.archive.decoders import POOL, STARTS
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.media import PNG
from ocr_tasks.archive.raster import DecodeSpec, Rung
from ocr_tasks.errors import SettingsError, TransientError, WorkerDiedError
from tests import makers
from tests.archive.hostile import (
    TAKEN_OVER,
    decoder_processes,
    has_ended,
    is_at_its_deed,
    png_that_says,
    wait_until,
)
from tests.archive.reading import read, told
from tests.encrypted import encrypted_pdf

SPEC = DecodeSpec(pdf_dpi=72, ahead=1)
CORNERS = makers.draw_corners()
FORKED = multiprocessing.get_context("fork")


@pytest.fixture
def folder(tmp_path):
    pages = [CORNERS, CORNERS[::-1]]
    files = {
        "a.pdf": makers.pdf(pages),
        "b.tif": makers.tiff_of([makers.image_of(page) for page in pages]),
        "c.zip": makers.zip_of([("1.png", makers.png(CORNERS)), ("2.pdf", makers.pdf(pages))]),
    }
    return makers.fill_folder(tmp_path / "in", files)


def read_all(folder):
    """The digests of all pages of a folder."""
    return [page.facts.image_sha256 for page in read(list(list_pages(folder, SPEC)), SPEC)]


def ask_for_page(decoder, page=CORNERS):
    data = makers.png(page)
    digest = hashlib.sha256(data).hexdigest()
    return decoder.decode(io.BytesIO(data), digest, PNG, len(data), 0, Rung()).pixels


def test_many_threads_read_at_once_and_each_gets_its_own_pages(folder):
    truth = read_all(folder)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(read_all(folder))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert answers == [truth] * 6


def test_a_process_is_kept_for_the_next_who_wants_one_like_it():
    POOL.close()
    with POOL.borrowed(SPEC) as decoder:
        ask_for_page(decoder)
        (first,) = decoder_processes()
    with POOL.borrowed(SPEC) as decoder:
        ask_for_page(decoder)
        assert decoder_processes() == [first]
    with POOL.borrowed(DecodeSpec(pdf_dpi=73)) as decoder:
        ask_for_page(decoder)
        (other,) = decoder_processes()
        assert other != first
    POOL.close()
    assert not decoder_processes()


def in_forked_process(work, daemon=True):
    """What ``work`` returns in a process forked from this one, and how that ended."""
    here, there = FORKED.Pipe()
    process = FORKED.Process(target=lambda: there.send(work()), daemon=daemon)
    process.start()
    assert here.poll(60)
    answer = here.recv()
    process.join(30)
    return answer, process.exitcode


def test_a_daemon_may_have_decoders_though_it_may_have_no_processes(folder):
    """As a Celery worker's child is one, which may start none by multiprocessing."""
    POOL.close()
    answer, exitcode = in_forked_process(lambda: read_all(folder))
    assert (answer, exitcode) == (read_all(folder), 0)


def test_a_forked_process_has_decoders_of_its_own(folder):
    truth = read_all(folder)
    (mine,) = decoder_processes()

    def work():
        pages = read_all(folder)
        return pages, [process.pid for process in decoder_processes()]

    (pages, others), exitcode = in_forked_process(work)
    assert (pages, exitcode) == (truth, 0)
    assert len(others) == 1
    assert mine.pid not in others
    assert decoder_processes() == [mine]
    assert read_all(folder) == truth


def sockets_of(pid):
    """The sockets a process has open, by name."""
    names = {
        str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()
    }
    return {name for name in names if name.startswith("socket:")}


def test_a_process_forked_while_a_decoder_is_lent_leaves_it_alone():
    POOL.close()
    before = sockets_of(os.getpid())
    with POOL.borrowed(SPEC) as decoder:
        ask_for_page(decoder)
        (mine,) = decoder_processes()
        (own,) = sockets_of(os.getpid()) - before

        def work():
            kept = own in sockets_of(os.getpid())
            pixels = ask_for_page(decoder, CORNERS[::-1])
            return kept, pixels.tolist(), [process.pid for process in decoder_processes()]

        (kept, pixels, others), exitcode = in_forked_process(work)
        assert (kept, pixels, exitcode) == (False, CORNERS[::-1].tolist(), 0)
        assert len(others) == 1
        assert mine.pid not in others
        assert (ask_for_page(decoder) == CORNERS).all()
        assert decoder_processes() == [mine]


READER = """
import sys
from ocr_tasks.archive import containment
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.reader import read_pages
containment.DECODER = ("-P", sys.argv[2])
spec = DecodeSpec(timeout_seconds=60)
print("begun", flush=True)
for page in read_pages(list(list_pages(sys.argv[1], spec)), spec):
    print(page.facts.width, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("deed", ["hang", "spin", None], ids=["waiting", "busy", "idle"])
def test_no_decoder_outlives_a_worker_that_is_killed(tmp_path, deed):
    page = makers.png(CORNERS) if deed is None else png_that_says(deed)
    url = makers.fill_folder(tmp_path, {"a.png": page})
    command = [sys.executable, "-c", READER, url, TAKEN_OVER]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    worker = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with worker:
        assert worker.stdout.readline() == b"begun\n"
        if deed is None:
            assert worker.stdout.readline() == b"64\n"
        else:
            wait_until(lambda: any(map(is_at_its_deed, decoder_processes(worker.pid))), 60)
        (decoder,) = decoder_processes(worker.pid)
        worker.send_signal(signal.SIGKILL)
    assert wait_until(lambda: has_ended(decoder)) < 5


@pytest.mark.parametrize(
    ("executable", "command", "says"),
    [
        pytest.param(
            sys.executable, ("-c", "raise SystemExit('no luck')"), "no luck", id="it ends"
        ),
        pytest.param("/no/such/python", (), "No such file", id="there is no Python"),
        pytest.param("/dev/null", (), "denied", id="it may not be run"),
    ],
)
def test_a_decoder_that_cannot_start_is_no_fault_of_a_page(
    tmp_path, monkeypatch, executable, command, says
):
    POOL.close()
    monkeypatch.setattr(containment.sys, "executable", executable)
    monkeypatch.setattr(containment, "DECODER", command)
    url = makers.fill_folder(tmp_path, {"a.pdf": makers.pdf([CORNERS])})
    opened = psutil.Process().num_fds()
    for _ in range(3):
        with pytest.raises(WorkerDiedError, match=says) as caught:
            list(list_pages(url, SPEC))
        assert isinstance(caught.value, TransientError)
    POOL.close()
    assert psutil.Process().num_fds() == opened


KILLED_AS_IT_STARTS = """
import os, pathlib, runpy, signal, sys
deaths = pathlib.Path({deaths!r})
if len(deaths.read_text()) < {count}:
    deaths.write_text(deaths.read_text() + "x")
    os.kill(os.getpid(), signal.SIGKILL)
runpy.run_module("ocr_tasks.archive.decoder", run_name="__main__")
"""


@pytest.mark.parametrize(("deaths", "comes_through"), [(1, True), (2, True), (9, False)])
def test_a_decoder_that_is_killed_as_it_starts_is_started_again(
    tmp_path, monkeypatch, deaths, comes_through
):
    POOL.close()
    counted = tmp_path / "deaths"
    counted.touch()
    script = KILLED_AS_IT_STARTS.format(deaths=str(counted), count=deaths)
    monkeypatch.setattr(containment, "DECODER", ("-c", script))
    url = makers.fill_folder(tmp_path / "in", {"a.pdf": makers.pdf([CORNERS])})
    if comes_through:
        assert [page.error_class for page in list_pages(url, SPEC)] == [None]
    else:
        with pytest.raises(WorkerDiedError):
            list(list_pages(url, SPEC))
    assert len(counted.read_text()) == min(deaths, STARTS)
    POOL.close()


@pytest.mark.parametrize(
    ("passwords", "answer"),
    [
        pytest.param("sesame", (60, 100, 3), id="the right one"),
        pytest.param("wrong\n\nsesame\nother", (60, 100, 3), id="one of several"),
        pytest.param("wrong", "E_ENCRYPTED", id="a wrong one"),
        pytest.param("", "E_ENCRYPTED", id="none"),
        pytest.param(None, "E_ENCRYPTED", id="nothing is said of passwords"),
    ],
)
@pytest.mark.parametrize("pack", [None, makers.zip_of], ids=["pdf", "in a zip"])
def test_a_pdf_opens_with_the_passwords_that_are_given(
    tmp_path, monkeypatch, passwords, answer, pack
):
    data = encrypted_pdf("sesame")
    data = data if pack is None else pack([("a.pdf", data)])
    spec = SPEC
    if passwords is not None:
        monkeypatch.setenv("PASSWORDS_OF_PDFS", passwords)
        spec = DecodeSpec(pdf_dpi=72, password_variable="PASSWORDS_OF_PDFS")
    pages = list(list_pages(makers.fill_folder(tmp_path, {"a": data}), spec))
    assert told(read(pages, spec)) == [answer]
    for page in read(pages, spec):
        assert "sesame" not in repr(page)


def test_passwords_that_are_not_there_are_a_wrong_setting(tmp_path, monkeypatch):
    monkeypatch.delenv("PASSWORDS_OF_PDFS", raising=False)
    spec = DecodeSpec(password_variable="PASSWORDS_OF_PDFS")
    url = makers.fill_folder(
        tmp_path, {"a.pdf": makers.pdf([CORNERS]), "b.png": makers.png(CORNERS)}
    )
    with pytest.raises(SettingsError, match="PASSWORDS_OF_PDFS"):
        list(list_pages(url, spec))
    pages = list(list_pages(url, SPEC))
    with pytest.raises(SettingsError, match="PASSWORDS_OF_PDFS"):
        read(pages, spec)


def test_a_worker_with_lower_limits_of_its_own_has_decoders_all_the_same(tmp_path):
    page = tmp_path / "page.png"
    page.write_bytes(makers.png(makers.draw_noise(40, 60)))
    code = (
        "import sys; from ocr_tasks.archive.decoders import POOL;"
        "from ocr_tasks.archive.raster import DecodeSpec, Rung;"
        "file = open(sys.argv[1], 'rb'); size = file.seek(0, 2);"
        "decoder = POOL.borrowed(DecodeSpec()).__enter__();"
        "print(decoder.decode(file, 'k', 'image/png', size, 0, Rung()).pixels.shape)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(page)],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "(40, 60, 3)\n", done.stderr
