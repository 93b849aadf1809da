"""The gate lets honest improvements pass, and refuses every planted candidate for what it is."""

from dataclasses import replace

import pytest

from ocr_tasks.evaluation.evidence import Parity, Readings, TrainedOn
from ocr_tasks.evaluation.gate import GateRules, decide
from ocr_tasks.evaluation.verdict import verdict_of
from tests.evaluation.planting import (
    CANDIDATE,
    CHAMPION,
    champion,
    engine_of,
    honest,
    readings,
    report,
    sound,
    with_lines,
)

RULES = GateRules()


def verdict_on(candidate, checks=None, rules=RULES):
    return decide(candidate, champion(), rules, checks or sound())


def refused_by(verdict):
    assert not verdict.promoted
    return {ruling.rule for ruling in verdict.reasons}


def everywhere(told, change):
    """Readings of which the lines of both sets are changed."""
    return Readings(with_lines(told.test, change), with_lines(told.retention, change))


def of_engine(told, **facts):
    """Readings by another engine."""
    sha256 = facts.pop("sha256", CANDIDATE)
    engine = engine_of(sha256, **facts)
    reports = (replace(each, engine=engine) for each in told.by_set.values())
    return Readings(*reports)


def slightly_worse_in_retention():
    told = honest(0.1)

    def slip(number, line):
        return replace(line, read=f"#{line.read[1:]}") if number % 25 == 0 else line

    return replace(told, retention=with_lines(told.retention, slip))


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param(honest(0.08), id="half of the errors"),
        pytest.param(honest(0.12), id="a quarter less of them"),
        pytest.param(slightly_worse_in_retention(), id="within what retention may lose"),
    ],
)
def test_an_honest_improvement_is_promoted(candidate):
    verdict = verdict_on(candidate)
    assert verdict.promoted, verdict
    assert verdict.reasons == []
    assert {"improvement", "retention", "strata", "leak", "speed", "parity", "files"} <= {
        ruling.rule for ruling in verdict.rulings
    }


def lucky():
    """A candidate whose whole gain is in two documents of eight, which are read to the letter."""
    told = readings(CANDIDATE, lambda document, line: 0.0 if document < 2 else 0.16, documents=8)
    base = readings(CHAMPION, 0.16, documents=8)

    def as_before(number, line):
        return base.test.lines[number] if line.group > "test 01" else line

    kept = replace(base.retention, engine=engine_of(CANDIDATE))
    return Readings(with_lines(told.test, as_before), kept), base


def leaking(**seen):
    nothing = TrainedOn(frozenset(), frozenset())
    return sound(trained_on=replace(nothing, **seen))


def on_first(lines, **changes):
    """A change of the first lines alone."""
    return lambda number, line: replace(line, **changes) if number < lines else line


def as_champion(slips=0):
    """The champion's readings, but for one error less on the first lines of every document."""

    def better(number, line):
        wrong = line.read.find("#")
        if wrong < 0 or number % 15 >= slips // 20:
            return line
        return replace(line, read=f"{line.read[:wrong]}{line.label[wrong]}{line.read[wrong + 1 :]}")

    told = of_engine(champion())
    return replace(told, test=with_lines(told.test, better))


def by_source(letters, ledgers):
    return lambda document, line: letters if document % 2 else ledgers


def by_length(short, long):
    return lambda document, line: short if line % 3 == 0 else long


LEAKED = champion().test.lines[7]
PLANTED = {
    "forgetful": (readings(CANDIDATE, 0.05, 0.08), sound(), {"retention", "strata"}),
    "overfitted to val: no better on test": (as_champion(), sound(), {"improvement"}),
    "worse": (honest(0.2), sound(), {"improvement", "strata"}),
    "better by less than the margin": (
        as_champion(slips=20),
        sound(),
        {"improvement"},
    ),
    "worse on one source": (
        replace(honest(), test=report(CANDIDATE, by_source(0.0, 0.19))),
        sound(),
        {"strata"},
    ),
    "worse on short lines": (
        replace(honest(), test=report(CANDIDATE, by_length(0.3, 0.02))),
        sound(),
        {"strata"},
    ),
    "leaked by image": (honest(), leaking(images=frozenset({LEAKED.image_sha256})), {"leak"}),
    "leaked by document and text": (
        honest(),
        leaking(texts=frozenset({(LEAKED.group, LEAKED.label)})),
        {"leak"},
    ),
    "leaked into retention": (
        honest(),
        leaking(images=frozenset({champion().retention.lines[3].image_sha256})),
        {"leak"},
    ),
    "NaN for a confidence": (
        everywhere(honest(), on_first(1, confidence=float("nan"))),
        sound(),
        {"numbers"},
    ),
    "fails on a few lines": (
        everywhere(honest(), on_first(3, fault="the network put out what is no number")),
        sound(),
        {"numbers"},
    ),
    "hard lines left out": (
        everywhere(honest(), lambda number, line: None if number % 10 == 0 else line),
        sound(),
        {"lines"},
    ),
    "labels made easier": (
        everywhere(honest(), lambda number, line: replace(line, label=line.read)),
        sound(),
        {"lines"},
    ),
    "other pixels under the same names": (
        everywhere(honest(), lambda number, line: replace(line, image_sha256="other")),
        sound(),
        {"lines"},
    ),
    "the champion by another name": (
        of_engine(honest(), sha256=CHAMPION),
        sound(sha256=CHAMPION),
        {"novelty"},
    ),
    "swapped after it was evaluated": (honest(), sound(sha256="e" * 64), {"identity"}),
    "another alphabet": (of_engine(honest(), dict_sha256="shuffled"), sound(), {"alphabet"}),
    "read more exactly than the champion": (
        of_engine(honest(), precision="fp64"),
        sound(),
        {"serving"},
    ),
    "slower": (honest(), sound(time_ratio=1.11), {"speed"}),
    "of unknown speed": (honest(), sound(time_ratio=None), {"speed"}),
    "of a speed that is no number": (honest(), sound(time_ratio=float("nan")), {"speed"}),
    "broken export: other classes": (honest(), sound(parity=Parity(200, 0.99, 1e-5)), {"parity"}),
    "broken export: other probabilities": (
        honest(),
        sound(parity=Parity(200, 1.0, 0.01)),
        {"parity"},
    ),
    "parity of nothing": (honest(), sound(parity=Parity(0, 1.0, 0.0)), {"parity"}),
    "parity that was not measured": (honest(), sound(parity=None), {"parity"}),
    "a damaged file": (honest(), sound(files=("inference.onnx is cut short",)), {"files"}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_candidate_is_refused_for_what_is_wrong_with_it(name):
    candidate, checks, rules = PLANTED[name]
    assert refused_by(verdict_on(candidate, checks)) == rules


def test_a_gain_in_two_documents_alone_is_none_where_lines_would_say_it_is():
    candidate, base = lucky()
    verdict = decide(candidate, base, RULES, sound())
    assert refused_by(verdict) == {"improvement"}
    (gain,) = [each for each in verdict.rulings if each.rule == "improvement"]
    assert gain.figures["estimate"] > 0.02

    def alone(number, line):
        return replace(line, group=f"{line.group} {number}")

    split = Readings(*(with_lines(each, alone) for each in candidate.by_set.values()))
    base_split = Readings(*(with_lines(each, alone) for each in base.by_set.values()))
    assert decide(split, base_split, RULES, sound()).promoted


@pytest.mark.parametrize("part", ["test", "retention"])
def test_too_few_documents_are_no_evidence(part):
    few = {part: with_lines(getattr(honest(), part), lambda n, line: line if n < 60 else None)}
    base = {part: with_lines(getattr(champion(), part), lambda n, line: line if n < 60 else None)}
    verdict = decide(replace(honest(), **few), replace(champion(), **base), RULES, sound())
    assert "documents" in refused_by(verdict)


def test_lines_that_name_no_document_count_as_one():
    def nameless(number, line):
        return replace(line, group=None)

    base = everywhere(champion(), nameless)
    verdict = decide(everywhere(honest(), nameless), base, RULES, sound())
    assert "documents" in refused_by(verdict)


def test_a_set_without_lines_is_no_evidence():
    candidate = replace(honest(), retention=replace(honest().retention, lines=()))
    base = replace(champion(), retention=replace(champion().retention, lines=()))
    assert refused_by(decide(candidate, base, RULES, sound())) == {"lines"}


def test_what_could_not_be_evaluated_is_refused():
    verdict = decide(None, champion(), RULES, sound(files=("inference.onnx is missing",)))
    assert refused_by(verdict) == {"files", "readings"}
    assert refused_by(decide(None, champion(), RULES, sound())) == {"readings"}


def test_strata_with_too_few_lines_are_not_judged_and_the_verdict_says_so():
    rules = replace(RULES, stratum_lines=120)
    verdict = verdict_on(
        replace(honest(), test=report(CANDIDATE, by_length(0.3, 0.02))), None, rules
    )
    assert verdict.promoted
    assert any("by length" in note and "not judged" in note for note in verdict.notes)


def test_a_stratum_of_few_documents_is_drawn_by_lines():
    def of_two(number, line):
        return replace(line, source="diary" if line.group in {"test 00", "test 01"} else "rest")

    def worse(number, line):
        bad = f"######{line.label[6:]}"
        return replace(of_two(number, line), read=bad if number < 30 else line.read)

    rules = replace(RULES, stratum_lines=30)
    base = replace(champion(), test=with_lines(champion().test, of_two))
    candidate = replace(honest(), test=with_lines(honest().test, worse))
    verdict = decide(candidate, base, rules, sound())
    (diary,) = [each for each in verdict.rulings if "source diary" in each.said]
    assert not diary.passed
    assert "by lines" in diary.said


def test_the_margins_are_those_that_are_given():
    strict = replace(RULES, margin=0.2)
    assert refused_by(verdict_on(honest(0.08), rules=strict)) == {"improvement"}
    lax = replace(RULES, retention_margin=0.2, stratum_margin=0.2)
    assert verdict_on(readings(CANDIDATE, 0.05, 0.08), rules=lax).promoted


def test_the_same_evidence_gives_the_same_verdict():
    assert verdict_on(honest()) == verdict_on(honest())


def test_a_verdict_is_told_in_words_and_numbers_and_survives_json():
    verdict = verdict_on(readings(CANDIDATE, 0.05, 0.08))
    said = str(verdict)
    assert said.endswith("refused by retention, strata")
    assert "REFUSED retention: all lines: CER 0.02" in said
    assert "passed improvement" in said
    assert verdict_of(verdict.as_json()) == verdict
    assert str(verdict_on(honest())).endswith("promoted")


def test_without_a_retention_set_a_candidate_is_refused_unless_the_rules_say_otherwise():
    candidate, base = (replace(each, retention=None) for each in (honest(), champion()))
    refused = decide(candidate, base, RULES, sound())
    assert refused_by(refused) == {"retention"}
    lenient = decide(candidate, base, replace(RULES, needs_retention=False), sound())
    assert lenient.promoted
    assert any("no retention set" in note for note in lenient.notes)
