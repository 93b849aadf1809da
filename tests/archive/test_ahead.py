"""An iterator in a thread of its own."""

import threading
import time

import pytest

from ocr_tasks.archive.ahead import iterate_ahead


def until(condition):
    """Waits for what another thread does; fails after five seconds."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "the other thread never got there"
        time.sleep(0.005)


@pytest.mark.parametrize("length", [0, 1, 2, 50])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_items_come_out_in_order_and_once(length, count):
    assert list(iterate_ahead(iter(range(count)), length)) == list(range(count))


def test_items_are_made_before_they_are_asked_for_but_not_more_than_allowed():
    made = []

    def source():
        for item in range(100):
            made.append(item)
            yield item

    items = iterate_ahead(source(), 3)
    assert next(items) == 0
    until(lambda: len(made) == 1 + 3 + 1)  # used, waiting, and in the thread's hand
    time.sleep(0.25)
    assert len(made) == 5
    items.close()


@pytest.mark.parametrize("fault", [ValueError("broken"), SystemExit(3), KeyboardInterrupt()])
def test_an_error_in_the_source_is_raised_behind_the_items_that_came_before(fault):
    def source():
        yield 1
        yield 2
        raise fault

    items = iterate_ahead(source(), 5)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(type(fault)) as caught:
        next(items)
    assert caught.value is fault


def test_none_is_an_item_like_any_other():
    assert list(iterate_ahead(iter([None, None]), 1)) == [None, None]


def test_who_stops_early_leaves_no_thread_behind():
    before = threading.active_count()
    items = iterate_ahead(iter(range(1_000_000)), 2)
    next(items)
    assert threading.active_count() == before + 1
    items.close()
    assert threading.active_count() == before


def test_a_source_that_nobody_wants_any_more_is_not_used_up():
    used = []

    def source():
        for item in range(1_000_000):
            used.append(item)
            yield item

    items = iterate_ahead(source(), 2)
    for _ in range(10):
        next(items)
    items.close()
    assert len(used) <= 10 + 2 + 1
