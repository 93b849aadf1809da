"""A training by PaddleX, with the same beginning and end as one of ours."""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import yaml

from ocr_tasks import storage
from ocr_tasks.dataset.samples import LINES, TRAIN, VAL, Dataset, labels_digest
from ocr_tasks.engines.ppocr import charset_in, recognizer_file
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.engines.weights import digest_of_file, refuse_other_weights
from ocr_tasks.errors import ModelError, PlanConflictError
from ocr_tasks.records import ModelInfo
from ocr_tasks.stores.filesystems import is_local, resolve
from ocr_tasks.text.ctc import steps_needed
from ocr_tasks.training.graph import WeightGraph
from ocr_tasks.training.outputs import (
    RESULT,
    Json,
    forget_export,
    logged_to,
    read_told,
    write_settings,
    write_told,
)
from ocr_tasks.training.paddlex.arguments import LATEST, TRAINED, Weights, adapted, told_to_train
from ocr_tasks.training.paddlex.handover import Handed, hand_over
from ocr_tasks.training.paddlex.heard import Heard
from ocr_tasks.training.paddlex.kept import bring_back, keep, write_learnt
from ocr_tasks.training.paddlex.program import run_paddlex
from ocr_tasks.training.paddlex.source import Config, basic_config, source_tree
from ocr_tasks.training.running import Listener
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.weights import PDPARAMS

WORK = "paddlex"  # below a local output, until the training is done
STEPS = 40  # that PP-OCR's backbones make of any line, as long as they are trained

log = logging.getLogger(__name__)


def learn(dataset: Dataset, output: str, spec: TrainSpec, hear: Listener = lambda _: None) -> Json:
    """Has PaddleX train on ``dataset``, and leaves what train.learn leaves below ``output``.

    Where a checkpoint of the same training lies there, PaddleX goes on from it.

    Raises:
        TrainerMissingError: there is no source tree of PaddleOCR.
        SettingsError: the configuration of the model cannot be used.
        DatasetError: nothing of train or val can be learnt.
        ModelError: the base weights are not the pinned ones.
        PlanConflictError: another training's checkpoint lies there.
        TrainingError: PaddleX has failed, or kept no weights.
        StorageError: a store did not answer.
    """
    tree = source_tree(spec.paddlex)
    config = basic_config(tree, spec.paddlex)
    base, path = _base(config, spec)
    with logged_to(output), work_folder(output) as work:
        handed = hand_over(dataset, alphabet_of(dataset, spec), work / "dataset")
        longest = max(map(len, handed.of_lines), default=0)
        config = adapted(config, longest, spec.seed)
        fingerprint = _fingerprint(handed, config, base, spec)
        labels = labels_digest(dataset, (TRAIN, VAL))
        done = _done_before(output, fingerprint)
        if done is not None:
            write_told(output, RESULT, done | {"labels": labels})  # of lines left out, perhaps
            return done
        _tell(handed, config, base, tree)
        keep(work / TRAINED, output)  # of a try that was killed
        basic = work / "basic.yaml"
        basic.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        weights = Weights(path, _checkpoint(output, work, fingerprint))
        write_settings(output, spec)
        heard = Heard(hear)
        asked = told_to_train(work, basic, handed, weights, spec)
        try:
            is_whole = run_paddlex(asked, tree, spec.paddlex, heard, 60 * spec.max_minutes or None)
        finally:
            keep(work / TRAINED, output)
        if not is_whole:
            log.info("stopped after %.1f minutes", spec.max_minutes)
        told: Json = {"base": asdict(base), "left_out": dict(handed.left_out)}
        told |= {"fingerprint": fingerprint, "is_whole": is_whole}
        told["labels"] = labels
        forget_export(output)
        return write_learnt(output, spec.paddlex.model, heard, told)


@contextmanager
def work_folder(output: str) -> Iterator[Path]:
    """Where PaddleX works: below a local output, so that what was killed goes on; or for a while.

    It is removed in the end, as all is kept by then that matters; not if anything was raised.
    """
    filesystem, path = resolve(storage.join(output, WORK))
    if not is_local(filesystem):
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    Path(path).mkdir(parents=True, exist_ok=True)
    yield Path(path)
    shutil.rmtree(path)


def alphabet_of(dataset: Dataset, spec: TrainSpec) -> Sequence[str]:
    """The characters of the model, without blank and space; none of pages."""
    if dataset.type != LINES:
        return ()
    if spec.paddlex.alphabet == "dataset":
        assert dataset.dictionary_file is not None
        lines = dataset.dictionary_file.decode("utf-8").splitlines()
        return tuple(line for line in lines if line not in {"", " "})
    path = recognizer_file(EngineSpec()).path
    _, *characters, _ = charset_in(path, WeightGraph.read(path).characters(), None)
    return tuple(characters)


def _base(config: Config, spec: TrainSpec) -> tuple[ModelInfo, Path | None]:
    """The weights it begins with: what ``train.base`` names, or else PaddleOCR's configuration."""
    named = config["Global"].get("pretrained_model")
    if spec.base is None or not spec.base.endswith(PDPARAMS):
        log.info("train.base is no %s: it begins with %s", PDPARAMS, named or "chance")
        return ModelInfo(str(named or "from scratch"), ""), None
    path = Path(spec.base).absolute()
    if spec.base_sha256 is None:
        raise ModelError(f"{path} is a pickle, which can run any code: give its sha256 to trust it")
    digest = digest_of_file(path)
    refuse_other_weights(path, digest, spec.base_sha256)
    return ModelInfo(path.stem, digest), path


def _fingerprint(handed: Handed, config: Config, base: ModelInfo, spec: TrainSpec) -> str:
    """A digest of all that decides what a training comes to, but for where it runs."""
    names = [
        name for name in ("train.txt", "val.txt", "dict.txt") if (handed.folder / name).exists()
    ]
    files = {name: digest_of_file(handed.folder / name) for name in names}
    options = [spec.paddlex.model, spec.epochs, spec.batch, spec.learning_rate, spec.eval_interval]
    said = json.dumps([files, config, base.sha256, options], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _done_before(output: str, fingerprint: str) -> Json | None:
    """The result of the same training, if it has come to its end below ``output``."""
    if not storage.exists(storage.join(output, RESULT)):
        return None
    result = read_told(output, RESULT)
    is_same = result.get("fingerprint") == fingerprint
    return result if is_same and result["is_whole"] else None


def _checkpoint(output: str, work: Path, fingerprint: str) -> Path | None:
    """The checkpoint that PaddleX goes on from, in the work folder; None where there is none."""
    note = storage.join(output, "paddlex.json")
    if storage.exists(note) and json.loads(storage.read_bytes(note)) != fingerprint:
        raise PlanConflictError(f"{output} is of other data, weights or settings")
    storage.write(note, json.dumps(fingerprint).encode())
    latest = work / TRAINED / LATEST
    if not latest.exists():
        bring_back(output, work / TRAINED)
    return latest if latest.exists() else None


def _tell(handed: Handed, config: Config, base: ModelInfo, tree: Path) -> None:
    log.info("PaddleOCR's tree is %s; it begins with %s %s", tree, base.name, base.sha256)
    counts = {part: len(labels) for part, labels in handed.labels.items()}
    log.info("samples: %s; left out: %s", counts, dict(handed.left_out) or "none")
    dense = sum(steps_needed(label) > STEPS for label in handed.of_lines)
    if dense and "CTC" in config.get("PostProcess", {}).get("name", ""):
        log.warning(
            "%d of %d labels have more characters than the %d steps that PaddleOCR trains a line "
            "in, however wide it is: none of these can be learnt",
            *(dense, len(handed.of_lines), STEPS),
        )
