"""How long a training still takes, by how long its last steps and evaluations took."""

import time
from collections import deque
from statistics import mean

RECENT = 50  # steps, over which their many widths even out


class Pace:
    """A clock of steps and evaluations; what came before the last RECENT steps is forgotten."""

    def __init__(self) -> None:
        """A clock that runs."""
        self._last = time.monotonic()
        self._steps: deque[float] = deque(maxlen=RECENT)
        self._evaluation = 0.0

    def stepped(self) -> None:
        """Notes that a step ended now, which began where the step or evaluation before ended."""
        self._steps.append(self._passed())

    def evaluated(self) -> None:
        """Notes that an evaluation ended now."""
        self._evaluation = self._passed()

    def seconds_left(self, steps: int, evaluations: int) -> float:
        """The time that so many steps and evaluations will take; at least one was noted."""
        return steps * mean(self._steps) + evaluations * self._evaluation

    def _passed(self) -> float:
        now = time.monotonic()
        passed, self._last = now - self._last, now
        return passed
