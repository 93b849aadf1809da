"""Other people's labels to a dataset in one of PaddleX's layouts."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from ocr_tasks import storage
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.dataset.converters.cutting import CutPage
from ocr_tasks.dataset.converters.new_labels import NewLabels, StandingLabels
from ocr_tasks.dataset.converters.processes import convert_pages
from ocr_tasks.dataset.converters.results_source import FORMAT as RESULTS
from ocr_tasks.dataset.converters.results_source import read_results
from ocr_tasks.dataset.converters.sources import BadFile, Source, read_source
from ocr_tasks.dataset.reading import type_of
from ocr_tasks.dataset.samples import LEFT_OUT, LINES, PARTS, LayoutSpec
from ocr_tasks.dataset.swap import finish_swap, swap_files
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import DatasetError, SettingsError

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ConvertSpec:
    """Where labels come from, and what becomes a sample.

    ``enable`` has a check convert before it splits and checks, as PaddleX does. ``source`` is the
    folder of the labels and their images, or the output of archive_ocr; without one it is the
    dataset's own folder. ``format`` is told by each file itself if it is ``auto``. ``document`` is
    a regular expression that finds a page's group in its path; without one PAGE and ALTO files of
    a folder are a group, and any other image is one by itself. ``dictionary`` is a file to be
    taken in place of the recogniser's own.

    Of results, ``corrections`` are files of corrected lines; of other lines those of
    ``min_confidence`` or more are taken, if it is given.
    """

    enable: bool = False
    source: str | None = None
    format: Literal["auto", "hiertext", "icdar", "page", "alto", "results"] = "auto"
    document: str | None = None
    dictionary: str | None = None
    corrections: str | None = None
    min_confidence: Annotated[float, Interval(ge=0, le=1)] | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            SettingsError: corrections without results, results without a choice of lines, or
                ``document`` is no regular expression.
        """
        chooses = self.corrections is not None or self.min_confidence is not None
        if chooses and self.format not in {"auto", RESULTS}:
            raise SettingsError(
                f"convert.format={self.format}: corrections and min_confidence are of results"
            )
        if self.format == RESULTS and not chooses:
            raise SettingsError(
                "convert.format=results needs convert.corrections or convert.min_confidence"
            )
        self.document_pattern()

    @property
    def is_of_results(self) -> bool:
        """Whether the source is the output of archive_ocr."""
        return self.corrections is not None or self.min_confidence is not None

    def document_pattern(self) -> re.Pattern[str] | None:
        """``document``, compiled.

        Raises:
            SettingsError: it is no regular expression.
        """
        try:
            return None if self.document is None else re.compile(self.document)
        except re.error as error:
            raise SettingsError(f"convert.document {self.document!r}: {error}") from error


def convert_source(
    root: str,
    layout: LayoutSpec,
    spec: ConvertSpec,
    decoding: DecodeSpec,
    schemes: Sequence[str],
    workers: int | None = None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Json:
    """Adds the samples of a source to the dataset at the URL ``root``; returns what became of it.

    Images come first; then the label files change, all of them or none, and the old ones are kept
    as ``.bak``. Converted again, the same source changes nothing. ``on_progress`` hears (pages
    done, pages in all).

    Raises:
        SettingsError: there is no source, or the dataset has the other layout.
        DatasetError: the source has no labels at all, or the dictionary is missing.
        SplitConflictError: somebody else changed a label file meanwhile.
        StorageError: a store did not answer.
    """
    finish_swap(root)
    standing = StandingLabels(root, layout)
    type_ = _type_for(standing, layout)
    dictionary = _dictionary(root, layout, spec) if type_ == LINES else {}
    source = _source(root, layout, spec, schemes)
    converted = list(
        convert_pages(list(source.pages.values()), root, type_, decoding, workers, on_progress)
    )
    cut = [each for each in converted if isinstance(each, CutPage)]
    bad = source.bad + [each for each in converted if isinstance(each, BadFile)]
    samples = [sample for page in cut for sample in page.samples]
    labels = standing.with_samples(samples, {page.page for page in cut})
    files = labels.files | dictionary
    backups = swap_files(root, files) if files else {}
    return {
        "dataset": root,
        "source": storage.absolute(spec.source or root).rstrip("/"),
        "layout": type_,
        **_counted(source, cut, bad, labels),
        "changed": bool(files),
        "backups": backups,
    }


def _counted(
    source: Source, cut: Sequence[CutPage], bad: Sequence[BadFile], labels: NewLabels
) -> Json:
    """How many of everything; regions are labelled or left out, and none is neither."""
    left_out: Counter[str] = sum((page.left_out for page in cut), Counter())
    for each in bad:
        left_out[each.error_class] += each.regions
    labelled = sum(page.labelled for page in cut)
    return {
        "label_files": dict(sorted(source.files.items())),
        "other_files": source.others,
        "pages": len(cut),
        "regions": labelled + left_out.total(),
        "labelled": labelled,
        "left_out": {str(why): count for why, count in left_out.most_common() if count},
        "mended": sum(page.mended for page in cut),
        "samples": {part: labels.added[part] for part in (*PARTS, LEFT_OUT) if labels.added[part]},
        "kept": labels.kept,
        "bad_files": [asdict(each) for each in sorted(bad, key=lambda each: each.file)],
    }


def _type_for(standing: StandingLabels, layout: LayoutSpec) -> str:
    """The layout to be made: that of the labels that stand, or what the settings say."""
    stands = type_of(standing.lines) if standing.lines else None
    wanted = stands or LINES if layout.type == "auto" else layout.type
    if stands not in {None, wanted}:
        raise SettingsError(f"layout.type={wanted}, but the labels in the dataset are {stands}")
    return wanted


def _source(root: str, layout: LayoutSpec, spec: ConvertSpec, schemes: Sequence[str]) -> Source:
    url = storage.absolute(spec.source or root).rstrip("/")
    if spec.is_of_results:
        source = read_results(url, spec.corrections, spec.min_confidence, schemes)
    else:
        own = {file for part in (*PARTS, LEFT_OUT) for file in layout.files_of(part)} | {
            layout.dictionary
        }
        passed_over = own if url == root else ()
        source = read_source(url, spec.format, spec.document_pattern(), passed_over)
    if not source.pages and not source.bad:
        raise DatasetError(f"nothing in {url} is a label of the formats that are read")
    return source


def _dictionary(root: str, layout: LayoutSpec, spec: ConvertSpec) -> dict[str, bytes]:
    """The dictionary to be written: the given one, or the recogniser's where there is none yet."""
    url = storage.join(root, layout.dictionary)
    if spec.dictionary is not None:
        try:
            given = storage.read_bytes(spec.dictionary)
            given.decode("utf-8")
        except (FileNotFoundError, UnicodeDecodeError) as error:
            raise DatasetError(f"convert.dictionary cannot be read: {error}") from error
        stands = storage.exists(url) and storage.read_bytes(url) == given
        return {} if stands else {layout.dictionary: given}
    return {} if storage.exists(url) else {layout.dictionary: recognizer_dictionary()}


def recognizer_dictionary() -> bytes:
    """The characters of the default recogniser, one a line, without its blank and its space."""
    from ocr_tasks.engines.onnx import alphabet  # not every machine that converts reads

    characters = alphabet(EngineSpec())[1:-1]
    return "".join(f"{character}\n" for character in characters).encode()
