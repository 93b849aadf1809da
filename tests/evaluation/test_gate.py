"""The gate lets honest improvements pass, and refuses every planted candidate for what it is."""

from dataclasses import replace

import pytest

from ocr_tasks.evaluation.evidence import Readings
from ocr_tasks.evaluation.gate import GateRules, decide
from ocr_tasks.evaluation.verdict import verdict_of
from tests.evaluation import planted
from tests.evaluation.candidates import HONEST, PLANTED, by_length, everywhere, lucky
from tests.evaluation.planting import (
    CANDIDATE,
    champion,
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


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_improvement_is_promoted(name):
    verdict = verdict_on(HONEST[name])
    assert verdict.promoted, verdict
    assert verdict.reasons == []
    assert {"improvement", "retention", "strata", "leak", "speed", "parity", "files"} <= {
        ruling.rule for ruling in verdict.rulings
    }


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_candidate_is_refused_for_what_is_wrong_with_it(name):
    candidate, checks, rules = PLANTED[name]
    assert refused_by(verdict_on(candidate, checks)) == rules


def test_the_table_of_planted_candidates_says_that_each_was_told_apart(capsys):
    planted.main()
    said = capsys.readouterr().out
    assert f"{len(PLANTED)} of {len(PLANTED)} planted candidates refused for what is wrong" in said
    assert f"{len(HONEST)} of {len(HONEST)} honest ones promoted" in said


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
