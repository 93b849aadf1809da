"""What is kept of a training by PaddleX, under the names that ours have.

PaddleX keeps hundreds of megabytes an epoch: the optimiser of the best weights, a second copy of
them, the last epochs. Of all that only what somebody goes on with is kept. The logs of several
processes are not, as beside them ``paddle.distributed.launch`` writes down the whole environment.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from ocr_tasks import storage
from ocr_tasks.errors import TrainingError
from ocr_tasks.faults import damage_named
from ocr_tasks.training.outputs import (
    INFERENCE,
    LOG,
    RESULT,
    SETTINGS,
    Json,
    model_entry,
    write_told,
)
from ocr_tasks.training.paddlex.arguments import BEST, CONFIG, LATEST
from ocr_tasks.training.paddlex.heard import MEASURES, Heard, score_of

LAUNCHED = "distributed_train_logs"  # the logs of several processes
PADDLEOCR_CONFIG = "paddleocr.yaml"  # PaddleOCR's configuration; config.yaml has our settings
INFO = BEST.replace(".pdparams", ".info.json")  # what PaddleOCR found of its best weights
CHECKPOINT = [LATEST.replace(".pdparams", ending) for ending in (".pdparams", ".pdopt", ".states")]
KEPT = {CONFIG: PADDLEOCR_CONFIG} | {name: name for name in (BEST, INFO, *CHECKPOINT)}


def keep(trained: Path, output: str) -> None:
    """Writes what is kept of the local folder ``trained`` below ``output``, and its log."""
    shutil.rmtree(trained / LAUNCHED, ignore_errors=True)
    for name, kept in KEPT.items():
        if (trained / name).is_file():
            storage.write(storage.join(output, kept), (trained / name).read_bytes())
    log = trained / LOG
    if log.is_file():
        uri = storage.join(output, LOG)
        before = storage.read_bytes(uri) if storage.exists(uri) else b""
        storage.write(uri, before + log.read_bytes())
        log.unlink()


def bring_back(output: str, trained: Path) -> None:
    """Puts what was kept into the local folder ``trained``, where PaddleX looks for it."""
    for name, kept in KEPT.items():
        uri = storage.join(output, kept)
        if storage.exists(uri):
            (trained / name).parent.mkdir(parents=True, exist_ok=True)
            (trained / name).write_bytes(storage.read_bytes(uri))


def write_learnt(output: str, model: str, heard: Heard, told: Json) -> Json:
    """Writes ``train_result.json``, which it returns; ``told`` are more of its keys.

    Raises:
        TrainingError: PaddleX has kept no best weights.
        DamagedFileError: what it found of them cannot be read.
        StorageError: the store did not answer.
    """
    best = _best(output, heard)
    last = heard.evaluations[-1] if heard.evaluations else best
    result = {
        "model_name": model,
        "label_dict": f"{INFERENCE}/inference.yml",
        "train_log": LOG,
        "visualdl_log": "",
        "config": SETTINGS,
        "models": {
            "last_1": model_entry(score_of(last), LATEST, ""),
            "best": model_entry(score_of(best), BEST, INFERENCE),
        },
        "best": best,
        "evaluations": heard.evaluations,
        "parity": {},
        "done_flag": False,
    } | told
    write_told(output, RESULT, result)
    return result


def _best(output: str, heard: Heard) -> Json:
    """The evaluation of the best weights; of those of an earlier try, what PaddleOCR kept of it."""
    uri = storage.join(output, INFO)
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError as error:
        raise TrainingError(
            "PaddleX has kept no weights: train may have fewer lines than train.batch, or "
            "train.eval_interval may be more than train.epochs"
        ) from error
    with damage_named(uri):
        found: dict[str, Any] = json.loads(data)["best_model_dict"]
    epoch = found.get("best_epoch", 0)
    of_this_try = [each for each in heard.evaluations if each.get("epoch") == epoch]
    return (
        of_this_try[-1]
        if of_this_try
        else {"epoch": epoch} | {name: found[name] for name in MEASURES if name in found}
    )
