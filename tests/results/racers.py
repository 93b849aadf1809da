"""Work for other processes that commit; it imports little, so that they are there soon."""

import os
import signal
import time
from pathlib import Path

from ocr_tasks import storage
from ocr_tasks.results.commit import commit_shard


def commit_with_the_others(item, tick):
    """Commits as soon as every racer is there; returns whose rows stand committed."""
    layout, shard_id, attempt, rows, folder, racers = item
    (Path(folder) / attempt).touch()
    deadline = time.monotonic() + 60
    while len(list(Path(folder).iterdir())) < racers and time.monotonic() < deadline:
        time.sleep(0.001)
    return commit_shard(layout, shard_id, attempt, rows).attempt


def die_before_the_name_is_given(item, tick):
    """Is killed when all bytes are written and only the name is missing."""
    layout, shard_id, rows = item
    storage.os.link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    commit_shard(layout, shard_id, "killed", rows)
