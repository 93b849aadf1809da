"""Which outputs the steps of a run ask: none of a scheme that is not let in."""

import socket

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from ocr_tasks.errors import SettingsError
from ocr_tasks.jobs import archive_ocr
from tests.jobs.runs import settings_for

STEPS = pytest.mark.parametrize(
    "step",
    [
        lambda output: archive_ocr.infer(output, "r1", "00000"),
        lambda output: archive_ocr.infer_missing(output, "r1"),
        lambda output: archive_ocr.seal(output, "r1"),
        lambda output: archive_ocr.failures(output, "r1"),
        lambda output: archive_ocr.retry(output, "r1"),
        lambda output: archive_ocr.plan_retry(output, "r1"),
    ],
    ids=["infer", "infer_missing", "seal", "failures", "retry", "plan_retry"],
)


class OtherFileSystem(MemoryFileSystem):
    """A store of a scheme that is not let in by default."""

    protocol = "other"
    store = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012

    @classmethod
    def _strip_protocol(cls, path):
        return MemoryFileSystem._strip_protocol(path.replace("other://", "memory://"))


@pytest.fixture
def other(monkeypatch):
    fsspec.register_implementation("other", OtherFileSystem, clobber=True)
    # As another process does not see this store.
    monkeypatch.setattr(archive_ocr.storage, "is_of_this_process", lambda url: True)
    yield "other://out"
    OtherFileSystem.store.clear()
    OtherFileSystem.clear_instance_cache()


@STEPS
def test_no_step_asks_an_output_of_a_scheme_that_is_not_let_in(step):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.0)
        with pytest.raises(SettingsError, match="schemes are file"):
            step(f"http://127.0.0.1:{server.getsockname()[1]}/out")
        with pytest.raises(BlockingIOError):  # nobody has knocked
            server.accept()


@STEPS
def test_every_step_takes_what_the_environment_lets_in_and_no_more(step, other, monkeypatch):
    monkeypatch.setenv("OCR_TASKS_SCHEMES", '["other"]')
    with pytest.raises(SettingsError, match="no run 'r1' was planned"):
        step(other)
    with pytest.raises(SettingsError, match="schemes are other"):
        step("s3://bucket/out")


def test_a_run_whose_settings_let_a_scheme_in_is_read_to_its_end(other, settings):
    chosen = settings_for(settings.input, other).model_copy(update={"schemes": ("file", "other")})
    seal = archive_ocr.run(chosen, "r1", workers=1)
    assert seal["pages"] > 0


def test_a_retry_of_a_retry_is_read_by_what_the_environment_lets_in(other, settings, monkeypatch):
    monkeypatch.setenv("OCR_TASKS_SCHEMES", '["file", "other"]')
    chosen = settings_for(settings.input, other).model_copy(update={"schemes": ("file", "other")})
    archive_ocr.run(chosen, "r1", workers=1)
    assert archive_ocr.failures(other, "r1")["failed"] > 0
    for old, new in (("r1", "r2"), ("r2", "r3")):
        assert archive_ocr.retry(other, old, new, workers=1)["pages"] > 0
