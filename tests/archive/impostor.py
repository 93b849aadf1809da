"""Poses as a decoder process, and answers every request as it was told to when it was started.

Its first argument is JSON: what to do, one after the other. ``say`` a message, with ``payload``
bytes behind it; send ``raw`` bytes, in hex, so many times; say ``for_ever`` the same, listening or
not. In the end it waits, unless it is to ``leave``.
"""

import json
import socket
import sys
import time
from contextlib import suppress

from ocr_tasks.archive.channel import Channel, ChannelClosedError


def say(channel, message, payload=0):
    channel.send(message, b"x" * payload)


def say_for_ever(channel, message, listening=0):
    while True:
        channel.send(message)
        if listening:
            channel.receive(listening)


def send_raw(channel, data, times=1):
    channel._end.sendall(bytes.fromhex(data) * times)


def leave(channel, code):
    sys.exit(code)


DEEDS = {"say": say, "for_ever": say_for_ever, "raw": send_raw, "leave": leave}


def main():
    steps = json.loads(sys.argv[1])
    channel = Channel(socket.socket(fileno=int(sys.argv[2])))
    with suppress(ChannelClosedError):
        channel.receive(0)
        channel.send({"ready": 1})
        while True:
            channel.receive(0)
            for deed, *arguments in steps:
                DEEDS[deed](channel, *arguments)
            time.sleep(600)


if __name__ == "__main__":
    main()
