"""How much is done to the pipeline: FAULTS scales the kills, and the time they may take."""

import os

import pytest

KILLS = int(os.environ.get("FAULTS", "20"))
LONG = KILLS >= 100  # what takes minutes whatever the number

# Every file of tests here takes these marks: `make test` leaves them out.
FAULTS = [pytest.mark.faults, pytest.mark.timeout(300 + 20 * KILLS)]
