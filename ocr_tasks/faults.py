"""What stores and their clients raise, in our own errors."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from ocr_tasks.errors import NoAccessError, OcrTasksError, SettingsError, StorageError

NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG}
# What S3 says of a single object; expired or wrong credentials are no property of an object.
DENIED = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState", "403"}


@contextmanager
def store_faults(uri: str) -> Iterator[None]:
    """Turns what stores raise into our errors; an absent object stays FileNotFoundError."""
    try:
        yield
    except (OcrTasksError, FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        kind = NoAccessError if _is_denied(error) else StorageError
        raise kind(f"{uri}: {error}") from error
    except Exception as error:  # clients have errors of their own, as botocore without a network
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
