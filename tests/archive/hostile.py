"""What the tests of hostile input share: documents that take a decoder over, and its processes."""

import io
import time
from pathlib import Path

import psutil
from PIL.PngImagePlugin import PngInfo

from tests import makers
from tests.archive.taken_over import UMASK

TAKEN_OVER = str(Path(__file__).with_name("taken_over.py"))
IMPOSTOR = str(Path(__file__).with_name("impostor.py"))


def png_that_says(deed, page=None):
    """A PNG that any viewer shows, with a deed in its comment."""
    comment = PngInfo()
    comment.add_text("Comment", f"DO:{deed}")
    return makers.png(makers.draw_page() if page is None else page, pnginfo=comment)


def tiff_that_says(deed):
    """A TIFF of two pages, with a deed in its description."""
    page = makers.image_of(makers.draw_page())
    sink = io.BytesIO()
    page.save(sink, "TIFF", save_all=True, append_images=[page], description=f"DO:{deed}")
    return sink.getvalue()


def decoder_processes(of=None):
    """The decoder processes that a process has, by default this one."""
    children = psutil.Process(of).children(recursive=True)
    return [child for child in children if is_decoder(child)]


def is_decoder(process):
    try:
        return bool({"ocr_tasks.archive.decoder", TAKEN_OVER, IMPOSTOR} & set(process.cmdline()))
    except psutil.NoSuchProcess:
        return False


def is_at_its_deed(process):
    """Whether a decoder that was taken over has begun to do what it was told."""
    return f"Umask:\t{UMASK:04o}" in Path(f"/proc/{process.pid}/status").read_text()


def has_ended(process):
    """Whether a process is gone, or only waits for its parent to notice."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition, seconds=10):
    """Waits for what another process does; says how long it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it never came about"
        time.sleep(0.01)
    return time.monotonic() - started
