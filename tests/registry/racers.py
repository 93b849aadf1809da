"""Work for other processes that register and promote; it imports little, so they are there soon."""

import os
import signal
import time
from pathlib import Path

from ocr_tasks import storage
from ocr_tasks.errors import ChampionChangedError
from ocr_tasks.registry.champions import promote
from ocr_tasks.registry.versions import register


def _wait_for_the_others(folder, name, racers):
    (Path(folder) / name).touch()
    deadline = time.monotonic() + 60
    while len(list(Path(folder).iterdir())) < racers and time.monotonic() < deadline:
        time.sleep(0.001)


def promote_with_the_others(item, tick):
    """Promotes as soon as every racer is there; returns the digest, or None if it was too late."""
    root, digest, expected, folder, racers = item
    _wait_for_the_others(folder, digest, racers)
    try:
        return promote(root, "rec", digest, expected, "a race").digest
    except ChampionChangedError:
        return None


def register_with_the_others(item, tick):
    """Registers as soon as every racer is there; returns the folder of the version that stands."""
    root, files, card, folder, racers = item
    _wait_for_the_others(folder, str(card.seed), racers)
    return register(root, "rec", files, card).folder


def register_until_killed(item, tick):
    """Is killed as it is about to create so many objects and one more."""
    root, files, card, survived = item
    create = storage.create
    created = 0

    def counted(*arguments):
        nonlocal created
        if created == survived:
            os.kill(os.getpid(), signal.SIGKILL)
        created += 1
        return create(*arguments)

    storage.create = counted
    register(root, "rec", files, card)
