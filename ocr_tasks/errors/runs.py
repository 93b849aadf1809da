"""Errors that end a run, a step or a task."""

from ocr_tasks.errors.roots import PermanentError, TransientError


class StorageError(TransientError):
    """The store refused or lost a request.

    ``of_one_object`` says that the store answers but cannot give this one file: then it becomes
    a row, as the fault of a page does.
    """

    code = "E_IO"
    stage = "read"
    remedy = (
        "Check that the store is reachable, has room and knows the credentials, then run again; "
        "a single file may lie on a bad block: restore it, and retry the failed pages."
    )
    of_one_object: bool = False


class EngineBrokenError(TransientError):
    """The engine fails on a page that every engine can read, so no page is to blame."""

    code = "E_ENGINE"
    stage = "recognise"
    remedy = "Look at the worker's GPU and memory, then run again with the same run id."


class WorkerDiedError(TransientError):
    """A worker process ended without an answer (killed, out of memory, crashed)."""

    code = "E_WORKER"
    remedy = "Run again with the same run id; give fewer workers where memory is short."


class SettingsError(PermanentError):
    """A setting, option or URL is wrong."""

    code = "E_SETTINGS"
    stage = "plan"
    exit_code = 2
    remedy = "Correct what the message names; the pipeline's page in docs/ lists all settings."


class PlanConflictError(PermanentError):
    """The run, or the training in that output, was begun with other settings or another input."""

    code = "E_PLAN"
    stage = "plan"
    remedy = "Use the settings that it was begun with, or a new run id or output."


class SealRefusedError(PermanentError):
    """Committed rows and manifest do not agree, so the run cannot be sealed."""

    code = "E_SEAL"
    stage = "seal"
    remedy = "Run again with the same run id: only what is missing is done."


class DamagedFileError(PermanentError):
    """A file of a run is not what was written: cut short, replaced, or gone after the seal."""

    code = "E_DAMAGED"
    stage = "seal"
    remedy = (
        "Restore the named file from a copy, or do the step again that writes it, or start a new "
        "run; a part of a run that is not sealed may be deleted and the run taken up again."
    )


class ModelError(PermanentError):
    """Model files are absent, damaged, or not those the run was planned with."""

    code = "E_MODEL"
    stage = "load"
    remedy = (
        "Bring what the message misses; engine.det_model and rec_model name other models. A "
        "training's damaged checkpoint may be deleted: it begins anew."
    )


class DatasetError(PermanentError):
    """The files of a dataset cannot be read as one: a label file or dictionary is missing."""

    code = "E_DATASET"
    stage = "check"
    remedy = "Bring what the message misses; docs/dataset_refresh.md shows the layouts."


class LabelFileError(PermanentError):
    """A file of labels, or a page in it, cannot be read in its format or has no image."""

    code = "E_LABELS"
    stage = "convert"
    remedy = "Correct the file, or bring the image that it names; convert again: the rest stays."


class CheckFailedError(PermanentError):
    """The dataset has critical findings, so nothing should be trained on it."""

    code = "E_CHECK"
    stage = "check"
    remedy = "Look into report.html; mend or remove the samples it names, and check again."


class SplitConflictError(PermanentError):
    """A label file was changed by somebody else while a split of it was unfinished."""

    code = "E_SPLIT"
    stage = "split"
    remedy = "Put the named file back from its .bak copy, or remove it, and run again."


class QualityRefusedError(PermanentError):
    """The gate before publication has not passed the dataset."""

    code = "E_QUALITY"
    stage = "quality"
    remedy = "Mend what the message names, or set quality.* to what is enough, and run again."


class GateRefusedError(PermanentError):
    """The gate refused a candidate: the champion stays."""

    code = "E_GATE"
    stage = "gate"
    exit_code = 4
    remedy = "Read the verdict's reasons; docs/models.md says what each rule wants."


class RegistryError(PermanentError):
    """The registry has no such version of a model, or another one in its place."""

    code = "E_REGISTRY"
    stage = "register"
    remedy = "List what is there with `ocr-tasks models list`; a version is never replaced."


class ChampionChangedError(PermanentError):
    """Another model became the champion since this one was judged."""

    code = "E_CHAMPION"
    stage = "promote"
    remedy = "Run evaluate, decide and promote again: it is judged against the new champion then."


class TrainingError(PermanentError):
    """A training cannot go on, as its loss is no number, or a step before this one is missing."""

    code = "E_TRAIN"
    stage = "train"
    remedy = (
        "Do the step that is named first; where the loss is no number, lower train.learning_rate "
        "and train anew: train.log says where it began."
    )


class TrainerMissingError(PermanentError):
    """PaddleX's trainer cannot be run: there is no source tree of PaddleOCR, or not all of it."""

    code = "E_TRAINER"
    stage = "train"
    remedy = (
        "Name the folder of PaddleOCR's source tree by train.paddlex.source, or by "
        "PADDLE_PDX_PADDLEOCR_PATH; or train with train.trainer=embedded, which needs none."
    )


class ParityError(PermanentError):
    """An exported model does not say the same as the network that was trained."""

    code = "E_PARITY"
    stage = "export"
    remedy = "Do not serve it; export again with the packages of the lock file."
