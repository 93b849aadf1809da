"""The time that is left."""

from ocr_tasks.training import pace
from ocr_tasks.training.pace import RECENT, Pace


def test_what_is_left_is_told_by_the_last_steps_alone(monkeypatch):
    """The first steps wait for all that is made once, and must not be held against the others."""
    now = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    clock = Pace()

    def after(seconds, note):
        now[0] += seconds
        note()

    after(60.0, clock.evaluated)
    after(30.0, clock.stepped)
    assert clock.seconds_left(steps=2, evaluations=1) == 2 * 30 + 60
    for _ in range(RECENT):
        after(0.5, clock.stepped)
    assert clock.seconds_left(steps=10, evaluations=2) == 10 * 0.5 + 2 * 60
    after(20.0, clock.evaluated)
    after(0.5, clock.stepped)
    assert clock.seconds_left(steps=10, evaluations=1) == 10 * 0.5 + 20
