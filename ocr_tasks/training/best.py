"""The best weights of a training as files that serve: exported, held for parity, written."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.samples import VAL, Dataset
from ocr_tasks.training.export import export
from ocr_tasks.training.lines import Lines, lines_of
from ocr_tasks.training.network import compute_on, set_state
from ocr_tasks.training.outputs import (
    EXPORTED,
    RESULT,
    Json,
    read_best,
    read_told,
    write_served,
    write_told,
)
from ocr_tasks.training.parity import Parity, check_parity
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.weights import Base, load_base
from ocr_tasks.workers import cores

PARITY_LINES = 200


def export_best(dataset: Dataset, output: str, spec: TrainSpec) -> Json:
    """Exports the best weights that a training left below ``output``; returns its result.

    ``spec`` is the training's. Nothing is trained, so that a faulty export can be done anew.

    Raises:
        TrainingError: no training was finished there.
        ParityError: an exported model does not say what the trained network says.
        ModelError: the base weights are absent, or not the pinned ones.
        StorageError: a store did not answer.
    """
    result, state = read_told(output, RESULT), read_best(output)
    compute_on(spec.device.split(",")[0], spec.threads or cores())
    base = load_base(spec.base, spec.base_sha256)
    set_state(base.network, state)
    val = lines_of(dataset, VAL, base.charset, DecodeSpec())
    told = {form: asdict(parity) for form, parity in serve(base, val, output).items()}
    result |= {"parity": told, "done_flag": True}
    write_told(output, RESULT, result)
    return result


def serve(base: Base, val: Lines, output: str) -> dict[str, Parity]:
    """Writes the files that serve the network of ``base``, if they say what it says of ``val``.

    Beside them EXPORTED tells the digest of each, as it was made, and how exact they are.

    Raises:
        ParityError: they do not.
        StorageError: the store did not answer.
    """
    strips = [val.strip(line) for line in range(min(PARITY_LINES, len(val.lines)))]
    return served(
        output,
        lambda folder: export(base.network, base.graph, base.bindings, base.charset, folder),
        lambda folder: check_parity(base.network, folder, strips),
    )


def served(
    output: str,
    write: Callable[[Path], None],
    check: Callable[[Path], dict[str, Parity]],
) -> dict[str, Parity]:
    """Has ``write`` make the files that serve, and writes them if they pass ``check``.

    Raises as ``serve``.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        parities = check(folder)
        write_told(output, EXPORTED, _told(folder, parities))
        write_served(output, folder)
    return parities


def _told(folder: Path, parities: Mapping[str, Parity]) -> Json:
    files = sorted(folder.iterdir())
    return {
        "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
        "parity": {form: asdict(parity) for form, parity in parities.items()},
    }
