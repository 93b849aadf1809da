"""What stores, their clients and damaged files raise, in our errors; and what is asked again."""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from ocr_tasks.errors import (
    DamagedFileError,
    NoAccessError,
    OcrTasksError,
    SettingsError,
    StorageError,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

# How a lost request is asked for again: the n-th pause is chance's between 0 and
# FIRST_WAIT * 2^n seconds, so that workers that failed together do not come again together.
ATTEMPTS = 10
FIRST_WAIT = 0.1
LONGEST_WAIT = 10.0

NO_ACCESS = {
    errno.EACCES,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}
# What a disk says of one file's blocks. A store that does not answer says none of these, or says
# them of the folder too.
OF_ONE_FILE = {
    errno.EBADMSG,
    errno.EILSEQ,
    errno.EINVAL,
    errno.EIO,
    errno.ENODATA,
    errno.ESTALE,
    errno.EUCLEAN,
}
NO_ROOM = {errno.EDQUOT, errno.EFBIG, errno.ENOSPC}
# What S3 says of a single object; expired or wrong credentials are no property of an object.
NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError"}  # botocore's
DENIED = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState", "403"}
# Of the answers that blame the request, with a status of 400 to 499, those that time mends.
PASSING_STATUS = {408, 409, 412, 429}
PASSING_CODES = {
    "BadDigest",
    "IncompleteBody",
    "RequestTimeout",
    "SlowDown",
    "XAmzContentSHA256Mismatch",
}


def retried(ask: Callable[[], T], uri: str, file: str | None = None) -> T:
    """What ``ask`` returns; after a fault of the moment it is asked again, ever later.

    ``file`` is the path of a local file of the input, whose faults may be its own.

    Raises:
        StorageError: the fault stayed, or is one that waiting does not mend.
        NoAccessError: the store will not give it.
        OSError: as FileNotFoundError or FileExistsError; those are answers.
    """
    failed: Exception | None = None

    def guarded() -> T:
        nonlocal failed
        if failed is not None:  # the first try has been made
            error, failed = failed, None
            raise error
        with store_faults(uri):
            return ask()

    try:  # without tenacity, which takes as long as to read the head of a file ten times
        return guarded()
    except StorageError as error:
        failed = error
    retrying = Retrying(
        retry=retry_if_exception(_is_of_the_moment),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(FIRST_WAIT, LONGEST_WAIT),
        before_sleep=_log_retry,
        reraise=True,
    )
    try:
        return retrying(guarded)
    except StorageError as error:
        error.of_one_object = file is not None and _is_of_one_file(error, file)
        raise


def _is_of_one_file(error: StorageError, file: str) -> bool:
    """Whether only this file cannot be read: it is on a disk whose folder can."""
    cause = error.__cause__
    if not isinstance(cause, OSError) or cause.errno not in OF_ONE_FILE:
        return False
    try:
        with os.scandir(os.path.dirname(file)) as entries:  # noqa: PTH120
            next(entries, None)
    except OSError:
        return False
    return True


def _is_of_the_moment(error: BaseException) -> bool:
    """Whether it is a lost request, and not a full disk or wrong credentials."""
    if not isinstance(error, StorageError):
        return False
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno in NO_ROOM:
        return False
    answer = _answer_behind(error)
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    code = answer.get("Error", {}).get("Code")
    return status not in range(400, 500) or status in PASSING_STATUS or code in PASSING_CODES


def _answer_behind(error: BaseException | None) -> dict[str, Any]:
    """What S3 said, if that is what the error comes from."""
    while error is not None:
        if answer := getattr(error, "response", None):
            return dict(answer)
        error = error.__cause__
    return {}


def _log_retry(state: RetryCallState) -> None:
    assert state.outcome is not None
    log.warning(
        "try %d of %d failed, the next is in %.1f s: %s",
        state.attempt_number,
        ATTEMPTS,
        state.upcoming_sleep,
        state.outcome.exception(),
    )


@contextmanager
def store_faults(uri: str) -> Iterator[None]:
    """Turns what stores raise into our errors; an absent object stays FileNotFoundError."""
    try:
        yield
    except (OcrTasksError, FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageError(f"{uri}: no room left, by disk, quota or limit: {error}") from error
        kind = NoAccessError if _is_denied(error) else StorageError
        raise kind(f"{uri}: {error}") from error
    except Exception as error:  # clients have errors of their own, as botocore without a network
        if type(error).__name__ in NO_CREDENTIALS:
            raise SettingsError(f"{uri}: {error}") from error
        raise StorageError(f"{uri}: {error}") from error


def _is_denied(error: OSError) -> bool:
    """Whether the store has the object but will not give it."""
    if isinstance(error, PermissionError) and error.errno is None:  # an answer of S3
        answer = getattr(error.__cause__, "response", {})
        return answer.get("Error", {}).get("Code", "AccessDenied") in DENIED
    return error.errno in NO_ACCESS


@contextmanager
def writing_faults(uri: str) -> Iterator[None]:
    """As ``store_faults``, for an object that is written: where it cannot be is a wrong setting."""
    try:
        with store_faults(uri):
            yield
    except FileNotFoundError as error:
        raise SettingsError(f"{uri} cannot be written: no such folder or bucket") from error
    except NoAccessError as error:
        raise SettingsError(f"{error}: it cannot be written") from error


@contextmanager
def damage_named(uri: str) -> Iterator[None]:
    """What reading one of a run's own files raises where it is not what was written.

    pyarrow raises ValueError or OSError, json ValueError; an absent key or field is a KeyError.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{uri} cannot be read: {error}") from error
