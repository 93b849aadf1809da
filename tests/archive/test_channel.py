"""Messages between a worker and its decoder process."""

import json
import socket
import struct
import threading
import time
from contextlib import contextmanager

import pytest

from ocr_tasks.archive.channel import (
    MAX_JSON,
    Channel,
    ChannelClosedError,
    Stopwatch,
    making_sense,
)


@pytest.fixture
def ends():
    """Two ends that are joined; both are closed afterwards."""
    pair = socket.socketpair()
    yield pair
    for end in pair:
        end.close()


@contextmanager
def meanwhile(work):
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(timeout=10)
    assert not thread.is_alive()


@pytest.mark.parametrize("length", [0, 1, 5_000_000], ids=["none", "a byte", "5 MB"])
def test_a_message_arrives_as_it_was_sent_with_its_payload(ends, length):
    here, there = map(Channel, ends)
    payload = bytes(number % 251 for number in range(1_000)) * (length // 1_000) + b"x" * (
        length % 1_000
    )
    with meanwhile(lambda: here.send({"a": [1, "é", None]}, payload)):
        assert there.receive(length) == ({"a": [1, "é", None]}, payload)


def test_messages_arrive_one_by_one_and_in_order(ends):
    here, there = map(Channel, ends)
    for number in range(50):
        here.send({"number": number}, b"x" * number)
    for number in range(50):
        assert there.receive(50) == ({"number": number}, b"x" * number)


def raw(text=b"{}", payload=b"", says=None):
    """The bytes of a message; ``says`` are other lengths than it has."""
    lengths = says or (len(text), len(payload))
    return struct.pack(">II", *lengths) + text + payload


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\x00", id="half a head"),
        pytest.param(raw(says=(9, 0)), id="less than it says"),
        pytest.param(raw(says=(2, 5)), id="no payload where there should be one"),
        pytest.param(raw(says=(MAX_JSON + 1, 0)), id="more text than is allowed"),
        pytest.param(raw(says=(2, 11)), id="more payload than is allowed"),
        pytest.param(raw(says=(0xFFFFFFFF, 0xFFFFFFFF)), id="4 GB of each"),
        pytest.param(raw(b"no json"), id="no JSON"),
        pytest.param(raw(b"\xff\xfe\xfd"), id="no text"),
        pytest.param(raw(b"[" * 500_000), id="brackets without end"),
        pytest.param(raw(b"9" * 5_000), id="a number without end"),
        pytest.param(raw(b"[1]"), id="a list"),
        pytest.param(raw(b"null"), id="null"),
    ],
)
def test_what_is_no_message_is_the_end_of_the_conversation(ends, data):
    here, there = ends
    with meanwhile(lambda: (here.sendall(data), here.close())), pytest.raises(ChannelClosedError):
        Channel(there).receive(10)


def test_who_sends_to_somebody_who_is_gone_is_told(ends):
    here, there = ends
    there.close()
    with pytest.raises(ChannelClosedError):
        Channel(here).send({}, bytes(10_000_000))


def test_a_message_that_does_not_come_is_not_waited_for_longer_than_allowed(ends):
    watch = Stopwatch(0.2)
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        Channel(ends[0]).receive(0, watch.left)
    assert 0.2 <= time.monotonic() - started < 2


def test_a_message_that_trickles_in_is_not_waited_for_longer_than_allowed(ends):
    here, there = ends
    ended = threading.Event()

    def trickle():
        here.sendall(struct.pack(">II", 2_000, 0))
        while not ended.wait(0.02):
            here.sendall(b" ")

    with meanwhile(trickle):
        watch, started = Stopwatch(0.3), time.monotonic()
        with pytest.raises(TimeoutError):
            Channel(there).receive(0, watch.left)
        assert time.monotonic() - started < 2
        ended.set()


def test_somebody_who_does_not_listen_is_not_waited_for_longer_than_allowed(ends):
    watch, started = Stopwatch(0.2), time.monotonic()
    with pytest.raises(TimeoutError):
        Channel(ends[0]).send({}, bytes(50_000_000), watch.left)
    assert 0.2 <= time.monotonic() - started < 2


def test_time_that_is_used_up_is_not_waited_for_at_all(ends):
    here, there = map(Channel, ends)
    there.send({})
    with pytest.raises(TimeoutError):
        here.receive(0, lambda: 0.0)
    with pytest.raises(TimeoutError):
        here.send({}, b"", lambda: -1.0)


def test_a_message_can_hold_what_json_can(ends):
    here, there = map(Channel, ends)
    message = {"text": "\ud800\x00\n", "number": -1.5e300, "deep": {"list": [[], {}]}}
    here.send(message)
    assert there.receive(0)[0] == json.loads(json.dumps(message))


def test_a_watch_runs_down_is_renewed_and_forgives():
    watch = Stopwatch(100)
    assert 99 < watch.left() <= 100
    watch.forgive(50)
    assert 149 < watch.left() <= 150
    watch.renew()
    assert 99 < watch.left() <= 100
    watch.forgive(-200)
    assert watch.left() < 0


@pytest.mark.parametrize(
    "misunderstanding",
    [
        lambda: {}["key"],
        lambda: [][0],
        lambda: int("x"),
        lambda: int(float("inf")),
        lambda: int(None),
        lambda: list(map(int, 5)),
    ],
)
def test_a_message_that_makes_no_sense_is_the_end_of_the_conversation(misunderstanding):
    with pytest.raises(ChannelClosedError), making_sense():
        misunderstanding()
