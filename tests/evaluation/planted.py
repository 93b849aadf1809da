"""The gate before every planted and honest candidate, as a table.

usage: python -m tests.evaluation.planted
"""

import sys

from ocr_tasks.evaluation.evidence import Checks, Readings
from ocr_tasks.evaluation.gate import GateRules, decide
from tests.evaluation.candidates import HONEST, PLANTED
from tests.evaluation.planting import champion, sound

RULES = GateRules()


def main() -> None:
    """Print a line a candidate, and how many were told apart."""
    refused = promoted = 0
    for name, (candidate, checks, rules) in PLANTED.items():
        by = refusing(candidate, checks)
        refused += by == rules
        _say(f"{'refused' if by == rules else 'WRONG'} by {', '.join(sorted(by))}: {name}")
    for name, candidate in HONEST.items():
        by = refusing(candidate, sound())
        promoted += not by
        _say(f"{'WRONG: refused' if by else 'promoted'}: {name}")
    _say(f"{refused} of {len(PLANTED)} planted candidates refused for what is wrong with them")
    _say(f"{promoted} of {len(HONEST)} honest ones promoted")


def refusing(candidate: Readings, checks: Checks) -> set[str]:
    """The rules that refuse a candidate; none where it is promoted."""
    return {ruling.rule for ruling in decide(candidate, champion(), RULES, checks).reasons}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
