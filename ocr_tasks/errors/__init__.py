"""Everything that can go wrong, as one tree.

    OcrTasksError
    ├── TransientError            try again: the same call may succeed
    │   ├── StorageError          E_IO           the store did not answer
    │   ├── EngineBrokenError     E_ENGINE       the engine fails on every page
    │   └── WorkerDiedError       E_WORKER       a worker process was killed
    └── PermanentError            never retried: the same call fails the same way
        ├── SettingsError         E_SETTINGS     exit code 2
        ├── PlanConflictError     E_PLAN         the run id is taken by other settings
        ├── SealRefusedError      E_SEAL         the manifest and the rows do not agree
        ├── DamagedFileError      E_DAMAGED      a run's own file is not what was written
        ├── ModelError            E_MODEL        weights are absent or not the pinned ones
        ├── DatasetError          E_DATASET      the files of a dataset cannot be read as one
        ├── LabelFileError        E_LABELS       a file of labels cannot be converted
        ├── CheckFailedError      E_CHECK        a dataset has critical findings
        ├── SplitConflictError    E_SPLIT        a label file changed under an unfinished split
        ├── QualityRefusedError   E_QUALITY      the gate has not passed a dataset
        ├── GateRefusedError      E_GATE         exit code 4: a candidate is not promoted
        ├── RegistryError         E_REGISTRY     no such version of a model, or another one
        ├── ChampionChangedError  E_CHAMPION     another model was promoted meanwhile
        ├── TrainingError         E_TRAIN        a training's loss is no number
        ├── TrainerMissingError   E_TRAINER      PaddleX's trainer is not there
        ├── ParityError           E_PARITY       an exported model does not say what was trained
        └── PageError             one page's fault: it becomes a row, the rest goes on
            ├── EmptyInputError   E_EMPTY
            ├── NotImageError     E_NOT_IMAGE
            ├── TruncatedError    E_TRUNCATED
            ├── TooLargeError     E_TOO_LARGE
            ├── UnsupportedError  E_UNSUPPORTED
            ├── BadPdfError       E_BAD_PDF
            ├── EncryptedError    E_ENCRYPTED
            ├── TimedOutError     E_TIMEOUT
            ├── DecoderDiedError  E_CRASHED
            ├── OutOfMemoryError  E_MEMORY
            ├── BadArchiveError   E_BAD_ARCHIVE
            ├── ArchivePathError  E_ARCHIVE_PATH
            ├── ArchiveBombError  E_ARCHIVE_BOMB
            ├── NoAccessError     E_ACCESS
            ├── SourceChangedError  E_CHANGED
            └── InferenceError    E_INFERENCE

Every class carries a stable code, the stage it belongs to, whether a retry can help, and a
remedy in words. ``docs/errors.md`` is the same table for readers; a test holds the two together.
"""

from ocr_tasks.errors.pages import (
    PAGE_ERRORS,
    ROW_ERRORS,
    ArchiveBombError,
    ArchivePathError,
    BadArchiveError,
    BadPdfError,
    DecoderDiedError,
    EmptyInputError,
    EncryptedError,
    InferenceError,
    NoAccessError,
    NotImageError,
    OutOfMemoryError,
    PageError,
    SourceChangedError,
    TimedOutError,
    TooLargeError,
    TruncatedError,
    UnsupportedError,
    refuse_for_row,
)
from ocr_tasks.errors.roots import (
    OcrTasksError,
    PermanentError,
    TransientError,
)
from ocr_tasks.errors.runs import (
    ChampionChangedError,
    CheckFailedError,
    DamagedFileError,
    DatasetError,
    EngineBrokenError,
    GateRefusedError,
    LabelFileError,
    ModelError,
    ParityError,
    PlanConflictError,
    QualityRefusedError,
    RegistryError,
    SealRefusedError,
    SettingsError,
    SplitConflictError,
    StorageError,
    TrainerMissingError,
    TrainingError,
    WorkerDiedError,
)

__all__ = [
    "PAGE_ERRORS",
    "ROW_ERRORS",
    "ArchiveBombError",
    "ArchivePathError",
    "BadArchiveError",
    "BadPdfError",
    "ChampionChangedError",
    "CheckFailedError",
    "DamagedFileError",
    "DatasetError",
    "DecoderDiedError",
    "EmptyInputError",
    "EncryptedError",
    "EngineBrokenError",
    "GateRefusedError",
    "InferenceError",
    "LabelFileError",
    "ModelError",
    "NoAccessError",
    "NotImageError",
    "OcrTasksError",
    "OutOfMemoryError",
    "PageError",
    "ParityError",
    "PermanentError",
    "PlanConflictError",
    "QualityRefusedError",
    "RegistryError",
    "SealRefusedError",
    "SettingsError",
    "SourceChangedError",
    "SplitConflictError",
    "StorageError",
    "TimedOutError",
    "TooLargeError",
    "TrainerMissingError",
    "TrainingError",
    "TransientError",
    "TruncatedError",
    "UnsupportedError",
    "WorkerDiedError",
    "refuse_for_row",
]
