"""A decoder process that dies, hangs or fills the memory costs one page, and is replaced."""

import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from ocr_tasks.archive import containment
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.raster import DecodeSpec, Rung
from ocr_tasks.records import PageFailure
from tests import makers
from tests.archive.hostile import (
    decoder_processes,
    has_ended,
    png_that_says,
    tiff_that_says,
    wait_until,
)
from tests.archive.reading import read

SPEC = DecodeSpec(timeout_seconds=1.0, memory_mb=256, ahead=1)
NEIGHBOURS = [makers.draw_noise(40, 60, seed) for seed in range(2)]


def planned(folder, guilty):
    """The pages of a folder in which a guilty one lies between two others."""
    files = {"1.png": makers.png(NEIGHBOURS[0]), "2": guilty, "3.png": makers.png(NEIGHBOURS[1])}
    return list(list_pages(makers.fill_folder(folder, files), SPEC))


def guilty_among(answers):
    """The answer in the middle, where those around it are what they would be without it."""
    first, *guilty, last = answers
    for answer, drawn in zip((first, last), NEIGHBOURS, strict=True):
        assert makers.difference(answer.image, drawn) == 0
        assert (answer.facts.attempts, answer.facts.degraded) == (1, None)
    return guilty[0]


@pytest.mark.parametrize(
    ("deed", "degraded"),
    [
        pytest.param("crash", "second_decoder", id="SIGSEGV"),
        pytest.param("killed", "second_decoder", id="SIGKILL"),
        pytest.param("odd_signal", "second_decoder", id="a signal without a name"),
        pytest.param("hang up", "second_decoder", id="it hangs up"),
        pytest.param("raise", "second_decoder", id="an exception nobody expects"),
        pytest.param("eat", "half_size", id="it takes all memory"),
        pytest.param("hang", "quarter_size", id="it hangs"),
        pytest.param("use up", "quarter_size", id="it has used its time on a core"),
        pytest.param("spin", "quarter_size", id="it spins"),
        pytest.param("stop", "quarter_size", id="SIGSTOP"),
    ],
)
def test_a_page_that_ends_its_decoder_is_tried_again_in_another_way(
    tmp_path, taken_over, deed, degraded
):
    page = guilty_among(read(planned(tmp_path, png_that_says(f"{deed}:best")), SPEC))
    assert (page.facts.degraded, page.facts.attempts) == (degraded, 2)
    assert (page.facts.height, page.facts.width) == makers.draw_page().shape[:2]


@pytest.mark.parametrize(
    ("deed", "error", "attempts", "message"),
    [
        pytest.param("crash", "E_CRASHED", 4, "Segmentation fault", id="SIGSEGV"),
        pytest.param("eat", "E_MEMORY", 3, "memory", id="it takes all memory"),
        pytest.param("hang", "E_TIMEOUT", 2, "within 1 seconds", id="it hangs"),
        pytest.param("raise", "E_NOT_IMAGE", 2, "KeyError", id="an exception nobody expects"),
    ],
)
def test_a_page_that_ends_every_decoder_is_a_row_with_the_first_error(
    tmp_path, taken_over, deed, error, attempts, message
):
    failure = guilty_among(read(planned(tmp_path, png_that_says(deed)), SPEC))
    assert isinstance(failure, PageFailure)
    assert (failure.error_class, failure.attempts, failure.stage) == (error, attempts, "decode")
    assert message in failure.message
    assert failure.source_sha256


@pytest.mark.parametrize(("deed", "is_said"), [("crash", False), ("mutter and exit", True)])
def test_a_row_has_the_last_words_of_its_own_task_and_no_others(
    tmp_path, taken_over, deed, is_said
):
    """Else it would blame a file for what another had its decoder write."""
    files = {"1.png": png_that_says("mutter"), "2.png": png_that_says(deed)}
    pages = list(list_pages(makers.fill_folder(tmp_path, files), SPEC))
    page, failure = read(pages, SPEC)
    assert not isinstance(page, PageFailure)
    assert failure.error_class == "E_CRASHED"
    assert ("words of this task" in failure.message) == is_said


@pytest.mark.parametrize(
    ("deed", "error"),
    [("crash", "E_CRASHED"), ("hang", "E_TIMEOUT"), ("eat", "E_MEMORY"), ("raise", "E_NOT_IMAGE")],
)
def test_a_document_whose_pages_cannot_be_counted_is_one_page_with_its_error(
    tmp_path, taken_over, deed, error
):
    pages = planned(tmp_path, tiff_that_says(deed))
    assert [page.error_class for page in pages] == [None, error, None]
    assert guilty_among(read(pages, SPEC)).error_class == error


@pytest.mark.parametrize("pack", [makers.tar, makers.zip_of], ids=["tar", "zip"])
def test_members_that_end_the_decoder_do_not_hide_the_others(tmp_path, taken_over, pack):
    members = [
        ("1.png", makers.png(NEIGHBOURS[0])),
        ("crash.tif", tiff_that_says("crash")),
        ("2.tif", makers.tiff(NEIGHBOURS[1])),
        ("eat.tif", tiff_that_says("eat")),
        ("hang.tif", tiff_that_says("hang")),
        ("3.png", makers.png(NEIGHBOURS[1])),
    ]
    pages = list(list_pages(makers.fill_folder(tmp_path, {"x": pack(members)}), SPEC))
    assert [(page.source_member, page.error_class) for page in pages] == [
        ("1.png", None),
        ("crash.tif", "E_CRASHED"),
        ("2.tif", None),
        ("eat.tif", "E_MEMORY"),
        ("hang.tif", "E_TIMEOUT"),
        ("3.png", None),
    ]
    drawn = [answer.image for answer in read(pages, SPEC) if not isinstance(answer, PageFailure)]
    for image, truth in zip(drawn, [NEIGHBOURS[0], NEIGHBOURS[1], NEIGHBOURS[1]], strict=True):
        assert makers.difference(image, truth) == 0


SLOW = makers.jpeg2000(makers.draw_noise(1_000, 1_000))


def test_a_decoder_that_is_killed_from_outside_in_mid_page_is_replaced(tmp_path):
    """Honest decoders, a legal page that takes a while, and a kill while it is decoded."""
    spec = DecodeSpec(timeout_seconds=30, ahead=1)
    pages = planned(tmp_path, SLOW)
    POOL.close()
    undisturbed = guilty_among(read(pages, spec))
    for number in (signal.SIGKILL, signal.SIGSEGV):
        (victim,) = decoder_processes()
        used = victim.cpu_times().user
        answers = []
        reader = threading.Thread(target=lambda to=answers: to.extend(read(pages, spec)))
        reader.start()
        wait_until(lambda one=victim, least=used + 0.1: one.cpu_times().user > least)
        victim.send_signal(number)
        reader.join(timeout=60)
        guilty = guilty_among(answers)
        assert (guilty.facts.degraded, guilty.facts.attempts) == ("second_decoder", 2)
        assert makers.difference(guilty.image, undisturbed.image) == 0
        assert has_ended(victim)


def test_a_page_that_takes_longer_than_it_may_is_ended_in_time(tmp_path):
    spec = DecodeSpec(timeout_seconds=0.3, ahead=1)
    started = time.monotonic()
    pages = planned(tmp_path, SLOW)
    failure = guilty_among(read(pages, spec))
    assert (failure.error_class, failure.attempts) == ("E_TIMEOUT", 2)
    assert time.monotonic() - started < 15


def test_a_page_that_needs_more_memory_than_it_may_is_read_at_a_smaller_size(tmp_path):
    drawn = makers.draw_corners(5_000, 6_000)
    spec = DecodeSpec(memory_mb=64, ahead=1)
    pages = planned(tmp_path, makers.jpeg(drawn))
    page = guilty_among(read(pages, spec))
    assert page.facts.degraded in {"half_size", "quarter_size"}
    assert (page.facts.height, page.facts.width) == drawn.shape[:2]
    assert page.image.shape[0] < drawn.shape[0]


def test_a_process_does_no_more_tasks_than_it_may(tmp_path):
    spec = DecodeSpec(max_tasks=2, ahead=1)
    url = makers.fill_folder(tmp_path, makers.noise_pages(5))
    pages = list(list_pages(url, spec))
    seen = []
    for page in read(pages, spec):
        assert not isinstance(page, PageFailure)
    with POOL.borrowed(spec) as decoder:
        for page in pages:
            data = (tmp_path / page.source_uri.rsplit("/", 1)[1]).open("rb")
            with data as file:
                decoder.decode(file, page.page_id, page.media_type, page.source_bytes, 0, Rung())
            seen += [process.pid for process in decoder_processes()]
    assert len(seen) == 5
    assert len(set(seen)) >= 3


@pytest.mark.parametrize(("hard", "processes"), [(0.02, 3), (3_600, 1), (-1, 1)])
def test_a_process_that_has_used_half_of_what_it_may_is_replaced(
    tmp_path, monkeypatch, hard, processes
):
    """Under a worker's own limit (``ulimit -t``) it would die of it in the midst of some page."""
    POOL.close()
    monkeypatch.setattr(containment.resource, "getrlimit", lambda limit: (hard, hard))
    pages = list(list_pages(makers.fill_folder(tmp_path, makers.noise_pages(1)), SPEC))
    seen = set()
    for _ in range(3):
        assert not isinstance(read(pages, SPEC)[0], PageFailure)
        seen |= {process.pid for process in decoder_processes()}
    POOL.close()
    assert len(seen) == processes


def test_a_task_that_was_broken_off_leaves_no_answers_to_the_next(tmp_path):
    """Somebody keeps the answers, as a traceback does, and never takes the rest of them."""
    noise = makers.draw_noise(900, 900)
    members = [("a.png", makers.png(noise)), ("b.png", makers.png(NEIGHBOURS[0]))]
    path = tmp_path / "x.zip"
    path.write_bytes(makers.zip_of(members))
    size = len(members[0][1])
    with path.open("rb") as file:
        with POOL.borrowed(SPEC) as decoder:
            kept = decoder.unpack(file, "k", "application/zip", path.stat().st_size, 0, size)
            assert len(next(kept)) < size
        with POOL.borrowed(SPEC) as again:
            rest = again.unpack(file, "k", "application/zip", path.stat().st_size, 1, 10**6)
            assert b"".join(rest) == members[1][1]
    kept.close()


def test_what_the_process_is_given_is_little(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "planted-secret")
    monkeypatch.setenv("OCR_TASKS_PDF_PASSWORDS", "planted-secret")
    spec = DecodeSpec(max_tasks=3, password_variable="OCR_TASKS_PDF_PASSWORDS", memory_mb=512)
    mine = (tmp_path / "mine.txt").open("w")
    with mine, POOL.borrowed(spec) as decoder:
        page = makers.png(NEIGHBOURS[0])
        path = tmp_path / "a.png"
        path.write_bytes(page)
        with path.open("rb") as file:
            decoder.decode(file, "k", "image/png", len(page), 0, Rung())
        (process,) = decoder_processes()
        assert "planted-secret" not in repr(process.environ())
        assert "planted-secret" not in " ".join(process.cmdline())
        assert process.cwd() == "/"
        opened = {
            path.name: str(path.readlink()) for path in Path(f"/proc/{process.pid}/fd").iterdir()
        }
        assert (opened.pop("0"), opened.pop("1")) == ("/dev/null", "/dev/null")
        assert opened.pop("2").endswith("(deleted)")  # where its last words go
        (only,) = opened.values()
        assert only.startswith("socket:")
        address_space, _ = process.rlimit(psutil.RLIMIT_AS)
        assert 512e6 < address_space < 512e6 + 2e9
        assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert 0 < process.rlimit(psutil.RLIMIT_CPU)[0] < 120
