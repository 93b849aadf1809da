"""Errors of one page each: they become rows, and the rest goes on."""

from ocr_tasks.errors.roots import PermanentError
from ocr_tasks.errors.runs import StorageError


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
