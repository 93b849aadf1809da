"""Pictures of a checked dataset: some of its samples, and how long its lines are."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocr_tasks.archive.decoders import POOL, Decoder
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.check import CheckedDataset
from ocr_tasks.dataset.image_rules import name_of
from ocr_tasks.dataset.inspection import ImageFacts, decoded
from ocr_tasks.dataset.regions import regions_of
from ocr_tasks.dataset.samples import LINES, PARTS, Dataset, Sample
from ocr_tasks.errors import PageError
from ocr_tasks.imaging.crops import LINE_HEIGHT
from ocr_tasks.imaging.drawing import draw_outlines, jpeg_bytes
from ocr_tasks.imaging.plots import Histogram, draw_histograms, histogram_of

DEMO_SAMPLES = 10  # of a part, as PaddleX shows


@dataclass(frozen=True, slots=True)
class DemoSample:
    """A sample as a picture: a JPEG of a line, or of a page with its polygons."""

    sample: Sample
    name: str
    jpeg: bytes


def demo_samples(checked: CheckedDataset, spec: DecodeSpec) -> list[DemoSample]:
    """Up to DEMO_SAMPLES of each part, from its begin to its end, of those that can be decoded."""
    demos = []
    with POOL.borrowed(spec) as decoder:
        for part in PARTS:
            readable = [
                each for each in checked.dataset.of_part(part) if each.place in checked.facts
            ]
            for sample in _spread(readable):
                try:
                    demos.append(_demo(checked.dataset, sample, decoder))
                except PageError:  # it was replaced since it was checked
                    continue
    return demos


def _spread(samples: Sequence[Sample]) -> list[Sample]:
    count = min(DEMO_SAMPLES, len(samples))
    return [samples[index * len(samples) // count] for index in range(count)]


def _demo(dataset: Dataset, sample: Sample, decoder: Decoder) -> DemoSample:
    pixels = decoded(dataset.objects[name_of(sample.path) or ""], decoder).pixels
    if dataset.type != LINES:
        try:
            regions = regions_of(sample.label)
        except ValueError:
            regions = []
        pixels = draw_outlines(pixels, [each.corners for each in regions if len(each.corners)])
    file = sample.place.file.replace("/", "_")
    return DemoSample(sample, f"{file}_{sample.place.line:06d}.jpg", jpeg_bytes(pixels))


def histogram_png(checked: CheckedDataset) -> bytes:
    """A PNG of two charts with a bar for each part: how wide the images are, how long labels."""
    return draw_histograms(histograms_of(checked))


def histograms_of(checked: CheckedDataset) -> list[Histogram]:
    """Widths and label lengths of all samples, by part, in bins that hold every one."""
    parts = {part: checked.dataset.of_part(part) for part in PARTS}
    parts = {part: samples for part, samples in parts.items() if samples}
    is_lines = checked.dataset.type == LINES
    size, length = ("width at height 48", "characters") if is_lines else ("longer side", "regions")
    sizes = {
        part: [
            _size(checked.facts[each.place], is_lines)
            for each in samples
            if each.place in checked.facts
        ]
        for part, samples in parts.items()
    }
    lengths = {
        part: [_length(each, is_lines) for each in samples] for part, samples in parts.items()
    }
    return [
        histogram_of(f"Images by {size}, in pixels", sizes),
        histogram_of(f"Labels by {length}", lengths),
    ]


def _size(facts: ImageFacts, is_line: bool) -> int:
    if is_line:
        return round(LINE_HEIGHT * facts.width / facts.height)
    return max(facts.width, facts.height)


def _length(sample: Sample, is_line: bool) -> int:
    if is_line:
        return len(sample.label)
    try:
        return len(regions_of(sample.label))
    except ValueError:
        return 0
