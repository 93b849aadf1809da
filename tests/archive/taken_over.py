"""A decoder process that is taken over by what it opens: it does the deed that the bytes name.

``DO:<deed>`` somewhere in a document has it done as the document is decoded, or its pages are
counted; ``DO:<deed>:best`` only at the first try. Whatever holds no such words is decoded as ever.
"""

import os
import re
import signal
import socket
import sys
import time

import numpy as np

from ocr_tasks.archive import decoder, looking

UMASK = 0o123  # which shows in /proc that a deed is under way
CHANNEL = []  # the process's own, once it has one


def for_ever(deed):
    while True:
        deed()


def eat():
    hoard = []
    for_ever(lambda: hoard.append(np.empty(8 << 20, np.uint8)))


DEEDS = {
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "odd_signal": lambda: os.kill(os.getpid(), signal.SIGRTMIN + 5),
    "use up": lambda: os.kill(os.getpid(), signal.SIGXCPU),
    "exit": lambda: os._exit(0),
    "hang": lambda: time.sleep(600),
    "spin": lambda: for_ever(lambda: None),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "eat": eat,
    "mutter": lambda: os.write(2, b"words of this task\n"),
    "mutter and exit": lambda: (DEEDS["mutter"](), os._exit(3)),
    "raise": lambda: exec("raise KeyError('odd')"),
    "hang up": lambda: (CHANNEL[0]._end.shutdown(socket.SHUT_RDWR), time.sleep(600)),
}


def do_what_it_says(data, is_best=True):
    found = re.search(rb"DO:([a-z _]+)(:best)?", data)
    if found and (is_best or not found[2]):
        os.umask(UMASK)
        DEEDS[found[1].decode()]()


def main():
    decode_frame, count_pages = decoder.decode_frame, looking._count_pages

    def decode_hostile(data, media_type, page_index, spec, rung):
        do_what_it_says(data, is_best=rung.name is None)
        return decode_frame(data, media_type, page_index, spec, rung)

    def count_hostile(file, *rest):
        do_what_it_says(file.read())
        file.seek(0)
        return count_pages(file, *rest)

    def take_over(self, channel, *rest):
        CHANNEL.append(channel)
        made(self, channel, *rest)

    made = decoder.Decoder.__init__
    decoder.Decoder.__init__ = take_over
    decoder.decode_frame, looking._count_pages = decode_hostile, count_hostile
    decoder.main()


if __name__ == "__main__":
    sys.exit(main())
