"""A verdict as Markdown: all of it is there, and none of its words is a mark."""

from ocr_tasks.evaluation.gate import GateRules, decide
from ocr_tasks.evaluation.summary import as_markdown
from ocr_tasks.evaluation.tables import summary_of
from ocr_tasks.evaluation.verdict import Ruling, Verdict
from tests.evaluation.planting import champion, honest, sound


def test_every_rule_and_number_is_shown():
    candidate, stands = honest(), champion()
    verdict = decide(candidate, stands, GateRules(), sound())
    numbers = {
        "test": {"candidate": summary_of(candidate.test), "champion": summary_of(stands.test)}
    }
    text = as_markdown(verdict, numbers)
    assert text.startswith("The gate lets the candidate pass.")
    bare = text.replace("\\", "")
    for ruling in verdict.rulings:
        assert f"- {ruling}" in bare
    assert "| test | candidate | champion |" in text
    cers = [f"{report.test.score.rates()['cer']:.4f}" for report in (candidate, stands)]
    assert f"| cer | {cers[0]} | {cers[1]} |" in text


def test_words_of_a_dataset_are_no_marks():
    ruling = Ruling("strata", False, "writer *x* <img src=y> [a](b)\n# head", {})
    text = as_markdown(Verdict(False, "c", "d", (ruling,)), {})
    assert text.startswith("The gate refuses it.")
    assert "\\*x\\* \\<img src=y\\> \\[a\\]\\(b\\)\\\\n\\# head" in text
