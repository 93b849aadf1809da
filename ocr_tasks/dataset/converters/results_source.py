"""The results of an archive as a source: corrected lines, and the pages they stand on."""

import posixpath
from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ocr_tasks.admission import refuse_url
from ocr_tasks.archive.shards import Manifest, read_manifest
from ocr_tasks.dataset.converters.corrections import Corrections, read_corrections
from ocr_tasks.dataset.converters.results import (
    LineChoice,
    Row,
    chosen_rows,
    rows_below,
)
from ocr_tasks.dataset.converters.sources import Source, SourcePage, bad_file
from ocr_tasks.errors import DamagedFileError, LabelFileError
from ocr_tasks.records import ExpectedPage
from ocr_tasks.results.layout import manifest_uri

FORMAT = "results"


def read_results(
    output: str, corrections_url: str | None, min_confidence: float | None, schemes: Sequence[str]
) -> Source:
    """The pages of the archive's results at the URL ``output`` with their corrected lines.

    The images are those that the runs have read, by their manifests. A document is a group.

    Raises:
        SettingsError: there are no results or corrections, or pages lie where none may be read.
        StorageError: a store did not answer.
    """
    corrections = read_corrections(corrections_url) if corrections_url else Corrections()
    source = Source()
    source.bad += [bad_file(name, error) for name, error in corrections.bad]
    rows: list[Row] = []
    for answer in rows_below(output, corrections.pages() if min_confidence is None else None):
        if isinstance(answer, tuple):
            source.bad.append(bad_file(*answer))
        else:
            source.files[FORMAT] += 1
            rows += answer
    chosen: defaultdict[str, list[LineChoice]] = defaultdict(list)
    for each in chosen_rows(rows, corrections):
        if isinstance(each, LineChoice):
            chosen[each.row["run_id"]].append(each)
        else:
            source.bad.append(bad_file(*each))
    for run_id, pages in sorted(chosen.items()):
        _take_run(source, output, run_id, pages, min_confidence, schemes)
    return source


def _take_run(
    source: Source,
    output: str,
    run_id: str,
    chosen: Sequence[LineChoice],
    min_confidence: float | None,
    schemes: Sequence[str],
) -> None:
    """Adds the pages of a run."""
    try:
        manifest = read_manifest(manifest_uri(output, run_id))
    except (FileNotFoundError, DamagedFileError) as error:
        fault = DamagedFileError(f"the manifest of run {run_id} is gone or damaged: {error}")
        regions = sum(len(each.row["lines"]) for each in chosen)
        source.bad.append(bad_file(run_id, fault, regions))
        return
    expected = _expected(manifest, [each.page_id for each in chosen])
    for each in chosen:
        page, labels = expected.get(each.page_id), each.page(min_confidence)
        if page is None:
            lost = DamagedFileError(f"the manifest of run {run_id} has no such page")
            source.bad.append(bad_file(each.page_id, lost, labels.region_count))
            continue
        refuse_url(page.source_uri, schemes)
        source.take(SourcePage(each.page_id, _name(page), page.source_id, labels, page))
        unknown = each.unknown_lines()
        if unknown:
            vain = LabelFileError(f"corrections are of lines {unknown[:5]}, which it has not")
            source.bad.append(bad_file(each.page_id, vain))


def _expected(manifest: Manifest, page_ids: Sequence[str]) -> dict[str, ExpectedPage]:
    wanted = pc.is_in(manifest.table["page_id"], value_set=pa.array(page_ids, pa.string()))
    pages = Manifest(manifest.table.filter(wanted)).expected()
    return {page.page_id: page for page in pages}


def _name(page: ExpectedPage) -> str:
    """What the samples of a page are called after: its document, and its number among several."""
    place = page.source_member or page.source_uri
    stem = posixpath.splitext(posixpath.basename(place))[0]
    return f"{stem}_p{page.page_index + 1:04d}" if page.page_count > 1 else stem
