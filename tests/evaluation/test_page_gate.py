"""The gate for detectors: a pure function, on reports that are made up."""

from dataclasses import replace

import pytest

from ocr_tasks.evaluation.bootstrap import BootstrapSpec
from ocr_tasks.evaluation.evidence import Checks, Parity, TrainedOn
from ocr_tasks.evaluation.found import FoundPage, PageReport
from ocr_tasks.evaluation.gate import GateRules
from ocr_tasks.evaluation.page_gate import decide_pages
from ocr_tasks.imaging.matching import DetectionScore
from ocr_tasks.records import EngineInfo, ModelInfo

RULES = GateRules(stratum_lines=40, bootstrap=BootstrapSpec(resamples=500))
UNSEEN = TrainedOn(frozenset(), frozenset())
CHECKS = Checks("new", (), Parity(200, 1.0, 1e-5), 1.0, UNSEEN)


def engine(sha256, **changes):
    model = ModelInfo("detector", sha256)
    told = EngineInfo("onnx", "onnxruntime 1", "cpu", model, ModelInfo("rec", "r"), "alphabet")
    return replace(told, **changes)


def report(sha256, matched, pages=12, found=20, source="letters", **changes):
    """Pages of a document each, with 20 regions, of which so many are found."""
    told = tuple(
        FoundPage(
            path=f"{number}.jpg",
            image_sha256=f"pixels {number}",
            group=f"document {number}",
            source=source,
            label=f"label {number}",
            score=DetectionScore(20, found, matched + number % 2),
            confidence=0.9,
            found=(),
        )
        for number in range(pages)
    )
    return PageReport(engine(sha256, **changes), "pages", "test", told, (), 1.0)


def sets(sha256, test=15, retention=18, **changes):
    return {
        "test": report(sha256, test, **changes),
        "retention": report(sha256, retention, source="print", **changes),
    }


CHAMPION = sets("old", test=12)


def refused_by(candidate, checks=CHECKS, rules=RULES, champion=CHAMPION):
    verdict = decide_pages(candidate, champion, rules, checks)
    assert verdict.promoted == (not verdict.reasons)
    return sorted({ruling.rule for ruling in verdict.reasons})


def altered(reports, name, number, **changes):
    """The reports with a page of a set changed."""
    pages = list(reports[name].pages)
    pages[number] = replace(pages[number], **changes)
    return {**reports, name: replace(reports[name], pages=tuple(pages))}


def test_a_detector_that_finds_more_and_loses_nothing_is_promoted():
    verdict = decide_pages(sets("new"), CHAMPION, RULES, CHECKS)
    assert verdict.promoted, str(verdict)
    assert (verdict.candidate, verdict.champion) == ("detector new", "detector old")
    (said,) = [ruling for ruling in verdict.rulings if ruling.rule == "improvement"]
    assert said.figures["estimate"] == pytest.approx(3 / 20)
    assert "Hmean 0.6250 → 0.7750" in said.said
    assert verdict.notes == (
        "test: 12 strata have fewer than 40 regions, or one document alone, and were not judged",
        "retention: 12 strata have fewer than 40 regions, or one document alone, "
        "and were not judged",
    )


@pytest.mark.parametrize(
    ("candidate", "checks", "rules"),
    [
        pytest.param(sets("new", test=12), CHECKS, ["improvement"], id="no better"),
        pytest.param(sets("new", retention=16), CHECKS, ["retention", "strata"], id="forgetful"),
        pytest.param(
            sets("new", found=60), CHECKS, ["improvement", "retention", "strata"], id="finds noise"
        ),
        pytest.param({"test": sets("new")["test"]}, CHECKS, ["retention"], id="nothing kept"),
        pytest.param(sets("old"), CHECKS, ["identity", "novelty"], id="the champion itself"),
        pytest.param(sets("new", precision="bf16"), CHECKS, ["serving"], id="served otherwise"),
        pytest.param(
            altered(sets("new"), "test", 3, confidence=float("nan")), CHECKS, ["numbers"], id="NaN"
        ),
        pytest.param(
            altered(sets("new"), "test", 3, image_sha256="other"), CHECKS, ["pages"], id="others"
        ),
        pytest.param(sets("new"), replace(CHECKS, time_ratio=1.3), ["speed"], id="slower"),
        pytest.param(sets("new"), replace(CHECKS, parity=None), ["parity"], id="no parity"),
        pytest.param(sets("new"), replace(CHECKS, sha256="x"), ["identity"], id="swapped weights"),
        pytest.param(
            sets("new"),
            replace(CHECKS, trained_on=TrainedOn(frozenset({"pixels 3"}), frozenset())),
            ["leak"],
            id="seen before",
        ),
        pytest.param(None, replace(CHECKS, files=("gone",)), ["files", "readings"], id="broken"),
    ],
)
def test_a_detector_is_refused_by_the_right_rule(candidate, checks, rules):
    assert refused_by(candidate, checks) == rules


def test_few_documents_are_not_enough():
    champion = {name: replace(each, pages=each.pages[:5]) for name, each in CHAMPION.items()}
    candidate = {name: replace(each, pages=each.pages[:5]) for name, each in sets("new").items()}
    assert refused_by(candidate, champion=champion) == ["documents"]


def test_a_source_that_is_found_worse_refuses_what_is_better_on_the_whole():
    def parted(reports, matched):
        pages = [
            replace(page, source="maps", score=DetectionScore(20, 20, matched))
            if number >= 9
            else page
            for number, page in enumerate(reports["test"].pages)
        ]
        return {**reports, "test": replace(reports["test"], pages=tuple(pages))}

    champion, candidate = parted(CHAMPION, 14), parted(sets("new", test=18), 12)
    verdict = decide_pages(candidate, champion, RULES, CHECKS)
    assert [ruling.rule for ruling in verdict.reasons] == ["strata"]
    assert "test, source maps" in verdict.reasons[0].said


def test_without_a_retention_set_the_gate_can_be_told_to_judge():
    rules = replace(RULES, needs_retention=False)
    test_only = {"test": sets("new")["test"]}
    verdict = decide_pages(test_only, {"test": CHAMPION["test"]}, rules, CHECKS)
    assert verdict.promoted
    assert any("nobody knows what was forgotten" in note for note in verdict.notes)
