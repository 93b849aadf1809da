"""What an engine answers, checked, and whether it is the engine or the page that is at fault.

A page on which the engine fails is tried once more. If it fails again, the engine is asked to
read what we drew: an engine that cannot do that is broken, and no page is to blame.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_tasks.engines.contract import Detector, Engine, Recognizer
from ocr_tasks.errors import EngineBrokenError, InferenceError
from ocr_tasks.records import DetectedLines, LineText

TRIES = 2
# As large as detectors see a page, and as wide as most lines are: a machine that is short of
# memory must not pass with something small, and blame every page that comes.
DRAWN_PAGE = (1600, 1120, 3)
DRAWN_CROP = (48, 960, 3)


def lines_on(detector: Detector, page: NDArray[np.uint8]) -> DetectedLines:
    """The lines that ``detector`` finds on ``page``.

    Raises:
        InferenceError: it threw, or what it found are no lines.
    """
    try:
        detected = detector.detect(page)
        polygons, scores = detected.polygons, detected.scores
        if len(scores) != len(polygons):
            raise ValueError(f"{len(polygons)} lines, but {len(scores)} scores")
        if not (np.isfinite(polygons).all() and np.isfinite(scores).all()):
            raise ArithmeticError("a line's corner or score is no number")
    except Exception as error:  # whatever an engine throws
        raise as_inference_error("detector", error) from error
    return detected


def texts_of(
    recognizer: Recognizer, crops: list[NDArray[np.uint8]]
) -> list[LineText | InferenceError]:
    """What ``recognizer`` reads in ``crops`` of one width: a text each, or why there is none."""
    try:
        texts = recognizer.recognize(np.stack(crops))
        if len(texts) != len(crops):
            raise ValueError(f"{len(crops)} lines, but {len(texts)} texts")
    except Exception as error:  # whatever an engine throws
        return [as_inference_error("recogniser", error)] * len(crops)
    return [_checked(text) for text in texts]


def _checked(text: LineText) -> LineText | InferenceError:
    """The text, or a fault where the network put out something that is no probability."""
    if not 0.0 <= text.confidence <= 1.0 + 1e-3:
        return InferenceError(f"the recogniser's score is {text.confidence}, not a probability")
    return text


def refuse_nan(probabilities: NDArray[np.float32]) -> None:
    """Makes sure that a network put out numbers.

    NaN passes no threshold and is no character, so it would come out as a blank page.

    Raises:
        ArithmeticError: there is NaN or infinity among them.
    """
    if not np.isfinite(probabilities).all():
        raise ArithmeticError("the network put out what is no number")


def refuse_broken_detector(detector: Detector, fault: InferenceError) -> None:
    """Makes sure that a detector which failed with ``fault`` does not fail on every page.

    Raises:
        EngineBrokenError: it fails on a white page with a dark bar too.
    """
    try:
        _detect_drawn(detector)
    except InferenceError as again:
        raise _broken(fault, again) from again


def refuse_broken_recognizer(recognizer: Recognizer, fault: InferenceError) -> None:
    """Makes sure that a recogniser which failed with ``fault`` does not fail on every line.

    Raises:
        EngineBrokenError: it fails on a white crop too.
    """
    try:
        _recognize_drawn(recognizer)
    except InferenceError as again:
        raise _broken(fault, again) from again


def read_what_we_drew(engine: Engine) -> None:
    """Has an engine read a page and a line that every engine can read.

    Raises:
        InferenceError: it cannot.
    """
    _detect_drawn(engine.detector)
    _recognize_drawn(engine.recognizer)


def _detect_drawn(detector: Detector) -> None:
    page = np.full(DRAWN_PAGE, 255, np.uint8)
    page[400:440, 200:900] = 0
    lines_on(detector, page)


def _recognize_drawn(recognizer: Recognizer) -> None:
    (answer,) = texts_of(recognizer, [np.full(DRAWN_CROP, 255, np.uint8)])
    if isinstance(answer, InferenceError):
        raise answer


def _broken(fault: InferenceError, again: InferenceError) -> EngineBrokenError:
    return EngineBrokenError(f"{fault}; and what every engine can read, it cannot: {again}")


def as_inference_error(part: str, error: Exception) -> InferenceError:
    """Whatever an engine threw, as the fault of the page it threw it on."""
    return InferenceError(f"the {part} failed: {type(error).__name__}: {error}")
