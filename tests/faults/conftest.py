"""The input of the fault tests, what an undisturbed run makes of it, and the figures at the end."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from tests.faults import commands
from tests.faults.comparing import Pages, pages_of
from tests.faults.places import Bucket, Folder, Place
from tests.faults.processes import free_port, is_listening, s3_env, start, until
from tests.makers import damaged, draw_noise, fill_folder, pdf, png, tar

Report = Callable[[dict[str, object]], None]
FIGURES: list[tuple[str, dict[str, object]]] = []


@dataclass(frozen=True)
class Calm:
    """A run that nobody disturbed: its pages, and how long it took."""

    pages: Pages
    seconds: float


def many_files() -> dict[str, bytes]:
    """Pages that take a while to decode, in files that are small all the same."""
    large = {f"{seed:02d}.png": png(large_noise(seed)) for seed in range(24)}
    return few_files() | large


def large_noise(seed: int) -> np.ndarray:
    """A page of 1,600 x 1,200 that no other equals."""
    return np.kron(draw_noise(200, 150, seed), np.ones((8, 8, 1), np.uint8))


def few_files() -> dict[str, bytes]:
    """Pages in all the ways a page can lie, and three objects that fail."""
    pages = [draw_noise(300, 200, seed) for seed in range(100, 122)]
    loose = {f"{number}.png": png(page) for number, page in enumerate(pages[:10])}
    return loose | {
        "blank.png": png(np.full((300, 200, 3), 255, np.uint8)),
        "book.pdf": pdf(pages[10:16]),
        "box.tar": tar([(f"{n}/page.png", png(page)) for n, page in enumerate(pages[16:])]),
        "cut.png": loose["0.png"][:-2000],
        "damaged.png": damaged(loose["1.png"], 3000),
        "notes.txt": b"nothing to see here",
    }


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The long input as a local folder's URL, for kills at random moments."""
    return fill_folder(tmp_path_factory.mktemp("many") / "in", many_files())


@pytest.fixture(scope="session")
def calm(scans: str, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """A run over the long input that nobody disturbs."""
    folder = tmp_path_factory.mktemp("calm")
    return calm_run(Folder(scans, str(folder / "out")), folder)


def calm_run(place: Place, folder: Path) -> Calm:
    started = time.monotonic()
    commands.finish(place, folder, "calm")
    return Calm(pages_of(place, "calm"), time.monotonic() - started)


@pytest.fixture(scope="session")
def few_scans(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The short input as a local folder's URL, for faults that need no time."""
    return fill_folder(tmp_path_factory.mktemp("few") / "in", few_files())


@pytest.fixture
def place(few_scans: str, tmp_path: Path) -> Folder:
    """The short input and an output of this test's own."""
    return Folder(few_scans, str(tmp_path / "out"))


@pytest.fixture(scope="session")
def pages(few_scans: str, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """What a run that nobody disturbs makes of the short input."""
    place = Folder(few_scans, str(tmp_path_factory.mktemp("calm-few") / "out"))
    commands.finish_here(place, "calm")
    return pages_of(place, "calm")


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's S3 server, which runs in a process of its own."""
    port = free_port()
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    server = start(command, tmp_path_factory.mktemp("moto"))
    until(lambda: is_listening(port), 60, server.said)
    yield f"http://127.0.0.1:{port}"
    server.kill_tree()
    server.wait()


@pytest.fixture(scope="session")
def bucket(s3_url: str) -> Bucket:
    """A bucket with the long input; each test takes an output of its own in it."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="archive")
    for name, data in many_files().items():
        client.put_object(Bucket="archive", Key=f"in/{name}", Body=data)
    return Bucket("archive", "out", client, s3_env(s3_url))


@pytest.fixture(scope="session")
def calm_s3(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """A run over the input in the bucket that nobody disturbs."""
    return calm_run(replace(bucket, prefix="calm"), tmp_path_factory.mktemp("calm-s3"))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Report:
    """Takes in a test's figures, which stand together at the end of the session."""
    return lambda values: FIGURES.append((request.node.name, values))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was done to the pipeline, in figures."""
    if FIGURES:
        terminalreporter.section("figures of the faults")
    for name, values in FIGURES:
        terminalreporter.write_line(f"{name}: {json.dumps(values)}")
