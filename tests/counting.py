"""How much of a stored object is read."""

import io
from contextlib import nullcontext

from ocr_tasks import storage


class CountedFile(io.BytesIO):
    """An object that counts the bytes that are read of it."""

    bytes_read = 0

    def read(self, size=-1):
        data = super().read(size)
        self.bytes_read += len(data)
        return data


def only_object(monkeypatch, data):
    """Lets every open lead to one object of these bytes; returns it."""
    file = CountedFile(data)
    monkeypatch.setattr(storage, "open_seekable", lambda uri, **_: nullcontext(file))
    return file
