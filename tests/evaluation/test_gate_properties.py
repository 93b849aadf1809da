"""What holds for every candidate, whatever it reads."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_tasks.evaluation.bootstrap import BootstrapSpec
from ocr_tasks.evaluation.evidence import Readings
from ocr_tasks.evaluation.gate import GateRules, decide
from tests.evaluation.planting import (
    CANDIDATE,
    champion,
    engine_of,
    readings,
    sound,
    with_lines,
)

FAST = GateRules(stratum_lines=40, bootstrap=BootstrapSpec(resamples=400))
shares = st.floats(0, 0.4)
seeds = st.integers(0, 10**6)
margins = st.floats(0, 0.05)


def by(sha256, told):
    """The same readings, by a model of another digest."""
    reports = (replace(each, engine=engine_of(sha256)) for each in told.by_set.values())
    return Readings(*reports)


@given(shares, shares, seeds, margins)
@settings(max_examples=30)
def test_a_candidate_that_reads_as_the_champion_does_is_never_promoted(
    test, retention, seed, margin
):
    base = readings("c" * 64, test, retention, seed=seed, documents=10, lines_each=8)
    rules = replace(FAST, margin=margin)
    assert not decide(by(CANDIDATE, base), base, rules, sound()).promoted


@given(st.data(), shares, seeds)
@settings(max_examples=60)
def test_a_regression_more_never_turns_a_refusal_into_a_promotion(data, share, seed):
    base = readings("c" * 64, 0.16, 0.05, seed=1, documents=10, lines_each=8)
    kept = replace(base.retention, engine=engine_of(CANDIDATE))
    better = readings(CANDIDATE, share, seed=seed, documents=10, lines_each=8)
    candidate = replace(better, retention=kept)
    worse = candidate
    for _ in range(data.draw(st.integers(1, 4))):
        part = data.draw(st.sampled_from(["test", "retention"]))
        places = data.draw(st.sets(st.integers(0, 79), min_size=1, max_size=40))

        def spoil(number, line, places=places):
            right = [at for at, each in enumerate(line.read) if each == line.label[at]]
            at = right[0] if number in places and right else None
            return line if at is None else replace(line, read=_broken(line.read, at))

        worse = replace(worse, **{part: with_lines(getattr(worse, part), spoil)})
    if decide(worse, base, FAST, sound()).promoted:
        assert decide(candidate, base, FAST, sound()).promoted


def _broken(text, at):
    return f"{text[:at]}#{text[at + 1 :]}"


def test_such_candidates_are_promoted_at_all():
    base = champion()
    kept = replace(base.retention, engine=engine_of(CANDIDATE))
    better = replace(readings(CANDIDATE, 0.02), retention=kept)
    assert decide(better, base, FAST, sound()).promoted
