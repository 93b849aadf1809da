"""Candidates for the gate: honest ones, and ones in which something is planted that it must see."""

from dataclasses import replace

from ocr_tasks.evaluation.evidence import Parity, Readings, TrainedOn
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


HONEST = {
    "half of the errors": honest(0.08),
    "a quarter less of them": honest(0.12),
    "within what retention may lose": slightly_worse_in_retention(),
}
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
    "better on average, worse on one source": (
        replace(honest(), test=report(CANDIDATE, by_source(0.0, 0.19))),
        sound(),
        {"strata"},
    ),
    "better on average, worse on short lines": (
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
    "weights swapped after they were evaluated": (honest(), sound(sha256="e" * 64), {"identity"}),
    "wrong dictionary": (of_engine(honest(), dict_sha256="shuffled"), sound(), {"alphabet"}),
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
    "a file cut short": (honest(), sound(files=("inference.onnx is cut short",)), {"files"}),
}
