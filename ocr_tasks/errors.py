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
        ├── CheckFailedError      E_CHECK        a dataset has critical findings
        ├── SplitConflictError    E_SPLIT        a label file changed under an unfinished split
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

from typing import ClassVar


class OcrTasksError(Exception):
    """The root of every error this package raises on purpose."""

    code: ClassVar[str] = "E_INTERNAL"
    stage: ClassVar[str] = "run"
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1
    remedy: ClassVar[str] = "Report it with the log: this should not happen."


class TransientError(OcrTasksError):
    """A fault of the moment; Airflow and the command line may try again."""

    retryable = True


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


class PermanentError(OcrTasksError):
    """A fault that the same call would meet again."""


class SettingsError(PermanentError):
    """A setting, option or URL is wrong."""

    code = "E_SETTINGS"
    stage = "plan"
    exit_code = 2
    remedy = "Correct what the message names; the pipeline's page in docs/ lists all settings."


class PlanConflictError(PermanentError):
    """The run id was planned before with other settings or another input."""

    code = "E_PLAN"
    stage = "plan"
    remedy = "Use the settings the run was planned with, or a new run id."


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
        "Restore the named file from a copy, or start a new run; "
        "a part of a run that is not sealed may be deleted and the run taken up again."
    )


class ModelError(PermanentError):
    """Model files are absent, damaged, or not those the run was planned with."""

    code = "E_MODEL"
    stage = "load"
    remedy = "Bring what the message misses; engine.det_model and rec_model name other models."


class DatasetError(PermanentError):
    """The files of a dataset cannot be read as one: a label file or dictionary is missing."""

    code = "E_DATASET"
    stage = "check"
    remedy = "Bring what the message misses; docs/dataset_refresh.md shows the layouts."


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


class PageError(PermanentError):
    """The fault of one page: it becomes that page's row, and the rest goes on."""

    code = "E_PAGE"
    stage = "decode"


class EmptyInputError(PageError):
    """The object has no content: no bytes, or nothing but zeros."""

    code = "E_EMPTY"
    remedy = "Scan or upload the object again."


class NotImageError(PageError):
    """The bytes begin like an image but cannot be decoded as one."""

    code = "E_NOT_IMAGE"
    remedy = "Open the file in an image viewer; restore it from the master copy if it is damaged."


class TruncatedError(PageError):
    """The image ends before all its pixels have come."""

    code = "E_TRUNCATED"
    remedy = "The file was cut short, often by a broken upload: copy it again."


class TooLargeError(PageError):
    """The page has more pixels than decode.max_pixels."""

    code = "E_TOO_LARGE"
    remedy = "Raise decode.max_pixels if the page is genuine, or scan it at a lower resolution."


class UnsupportedError(PageError):
    """The content is of a kind that is not read here."""

    code = "E_UNSUPPORTED"
    remedy = "Convert it to JPEG, PNG, TIFF, JPEG 2000 or PDF, or leave it out of the input."


class BadPdfError(PageError):
    """The PDF or one of its pages is damaged."""

    code = "E_BAD_PDF"
    remedy = "Repair the file (qpdf does so for many) and retry the failed pages."


class EncryptedError(PageError):
    """The PDF wants a password."""

    code = "E_ENCRYPTED"
    remedy = "Name its password by decode.password_variable, and retry the failed pages."


class TimedOutError(PageError):
    """Decoding took longer than decode.timeout_seconds and was ended."""

    code = "E_TIMEOUT"
    retryable = True
    remedy = "Raise decode.timeout_seconds if the page is genuine, and retry the failed pages."


class DecoderDiedError(PageError):
    """The process that decoded the page crashed or was killed, and the page with it."""

    code = "E_CRASHED"
    retryable = True
    remedy = "Convert the file with another program; retry the page if the machine was short."


class OutOfMemoryError(PageError):
    """Decoding needed more memory than decode.memory_mb."""

    code = "E_MEMORY"
    retryable = True
    remedy = "Raise decode.memory_mb if the page is genuine, and retry the failed pages."


class BadArchiveError(PageError):
    """The tar or zip is damaged, so its members cannot be listed or read."""

    code = "E_BAD_ARCHIVE"
    stage = "read"
    remedy = "Copy the archive again, or unpack it and give the folder as input."


class ArchivePathError(PageError):
    """The member's name leads out of its archive, as no honest one does."""

    code = "E_ARCHIVE_PATH"
    stage = "read"
    remedy = "Find out who made the archive; pack it anew if the member is genuine."


class ArchiveBombError(PageError):
    """The archive unpacks to more members or bytes than the limits allow."""

    code = "E_ARCHIVE_BOMB"
    stage = "read"
    remedy = "Raise the limits of `archives` if it is genuine, or unpack it and give the folder."


class NoAccessError(PageError):
    """The store has the object but will not give it."""

    code = "E_ACCESS"
    stage = "read"
    remedy = "Grant read access to the object, or leave it out of the input."


class SourceChangedError(PageError):
    """The object is not the one the manifest was made from."""

    code = "E_CHANGED"
    stage = "read"
    remedy = "Put it back if it is gone, and retry the failed pages: they are looked for anew."


class InferenceError(PageError):
    """The engine failed on this page."""

    code = "E_INFERENCE"
    stage = "recognise"
    remedy = "Run the page alone with `ocr-tasks ocr`; report it if it fails again."


def refuse_for_row(error: PageError | StorageError) -> None:
    """Raises a store's error again that is no fault of one object, and so of no page."""
    if isinstance(error, StorageError) and not error.of_one_object:
        raise error


# By the code that stands in what decoders tell; and in manifests and rows.
PAGE_ERRORS = {kind.code: kind for kind in PageError.__subclasses__()}
ROW_ERRORS: dict[str, type[PageError | StorageError]] = {
    **PAGE_ERRORS,
    StorageError.code: StorageError,
}
