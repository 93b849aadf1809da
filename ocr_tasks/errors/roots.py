"""The roots of the tree: what an error carries, and whether a retry can help."""

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


class PermanentError(OcrTasksError):
    """A fault that the same call would meet again."""
