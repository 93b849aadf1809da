"""Sources of labels for tests: the same pages written down in each format that is read."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from ocr_tasks.dataset.converters.labelled import LabelledPage
from ocr_tasks.jobs import dataset_refresh
from ocr_tasks.jobs.dataset_refresh import DatasetRefreshSettings
from ocr_tasks.settings import parse_overrides
from tests.dataset.folders import WORDS
from tests.makers import draw_page, jpeg

PAGE_NS = "http://schema.primaresearch.org/PAGE/gts/pagecontent/{}"
ALTO_NS = "http://www.loc.gov/standards/alto/ns-v{}#"
MM10 = 254 / 300  # tenths of a millimetre in a pixel at 300 dots an inch


@dataclass(frozen=True)
class SourceLine:
    """A line: corners, and its text or None where nobody could read it."""

    points: Sequence[tuple[float, float]]
    text: str | None


@dataclass(frozen=True)
class Page:
    """A page: its image's name without ending, file and size, and its lines."""

    name: str
    image: bytes
    width: int
    height: int
    lines: Sequence[SourceLine]


def drawn(name: str, first: int = 0, count: int = 3) -> Page:
    """A page with lines of words of its own, one under the other."""
    texts = [f"{WORDS[(first + n) % len(WORDS)]} {name} {first + n}" for n in range(count)]
    picture = draw_page(texts, width=400, line_height=36)
    lines = [
        SourceLine(((10, top), (390, top), (390, top + 30), (10, top + 30)), text)
        for top, text in zip(range(16, 16 + 36 * count, 36), texts, strict=True)
    ]
    return Page(name, jpeg(picture), picture.shape[1], picture.shape[0], lines)


def hiertext(page: Page) -> bytes:
    lines = [
        {
            "vertices": [list(point) for point in line.points],
            "text": line.text or "",
            "legible": line.text is not None,
            "handwritten": False,
            "vertical": False,
            "words": [],
        }
        for line in page.lines
    ]
    value = {
        "image_id": page.name,
        "image_width": page.width,
        "image_height": page.height,
        "paragraphs": [{"vertices": [], "legible": True, "lines": lines}],
    }
    return json.dumps({"info": {}, "annotations": [value]}).encode()


def icdar(page: Page) -> bytes:
    rows = [
        ",".join(f"{side:g}" for point in line.points for side in point)
        + f",{'###' if line.text is None else line.text}\r\n"
        for line in page.lines
    ]
    return b"\xef\xbb\xbf" + "".join(rows).encode()


def points_of(line: SourceLine, scale: float = 1) -> str:
    return " ".join(f"{x * scale:g},{y * scale:g}" for x, y in line.points)


def page_xml(page: Page, version: str = "2019-07-15") -> bytes:
    lines = "".join(
        f'<TextLine id="l{number}"><Coords points="{points_of(line)}"/>'
        f'<Baseline points="0,0 1,1"/><TextEquiv index="1"><Unicode>wrong</Unicode></TextEquiv>'
        f'<TextEquiv index="0"><Unicode>{escape(line.text or "")}</Unicode></TextEquiv></TextLine>'
        for number, line in enumerate(page.lines)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><PcGts xmlns="{PAGE_NS.format(version)}">'
        f'<Page imageFilename="{page.name}.tif" imageWidth="{page.width}" '
        f'imageHeight="{page.height}"><TextRegion id="r"><Coords points="0,0 1,0 1,1"/>{lines}'
        "<TextEquiv><Unicode>all of it</Unicode></TextEquiv></TextRegion></Page></PcGts>"
    ).encode()


def alto(page: Page, version: int = 4, unit: str = "pixel", scale: float = 1) -> bytes:
    lines = "".join(
        f'<TextLine ID="l{number}" HPOS="0" VPOS="0" WIDTH="9" HEIGHT="9">'
        f'<Shape><Polygon POINTS="{points_of(line, scale)}"/></Shape>{strings(line.text or "")}'
        "</TextLine>"
        for number, line in enumerate(page.lines)
    )
    return (
        f'<?xml version="1.0"?><alto xmlns="{ALTO_NS.format(version)}"><Description>'
        f"<MeasurementUnit>{unit}</MeasurementUnit><sourceImageInformation>"
        f"<fileName>C:\\scans\\{page.name}.tif</fileName></sourceImageInformation></Description>"
        f'<Layout><Page ID="p" WIDTH="{page.width * scale:g}" HEIGHT="{page.height * scale:g}">'
        f'<PrintSpace><TextBlock ID="b">{lines}</TextBlock></PrintSpace></Page></Layout></alto>'
    ).encode()


def strings(text: str) -> str:
    return "<SP/>".join(f"<String CONTENT={quoteattr(word)}/>" for word in text.split(" "))


FORMATS: dict[str, tuple[str, Callable[[Page], bytes]]] = {
    "hiertext": ("{}.jsonl", hiertext),
    "icdar": ("gt_{}.txt", icdar),
    "page": ("{}.xml", page_xml),
    "alto": ("{}.xml", alto),
}


def assert_read_as_drawn(page: LabelledPage, drawing: Page) -> None:
    """Frame, and the lines' names, texts and places, are those that were drawn."""
    assert (page.frame.width, page.frame.height) == (drawing.width, drawing.height)
    assert [(each.name, each.text) for each in page.regions] == [
        (f"l{number}", line.text) for number, line in enumerate(drawing.lines)
    ]
    for region, expected in zip(page.regions, drawing.lines, strict=True):
        assert region.corners.tolist() == [list(point) for point in expected.points]


def write_source(folder: Path, format_: str, pages: Sequence[Page], labels: str = "") -> Path:
    """Writes the pages' images and, into the folder ``labels`` there, their labels."""
    name, write = FORMATS[format_]
    for page in pages:
        put(folder / f"{page.name}.jpg", page.image)
        put(folder / labels / name.format(page.name), write(page))
    return folder


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def settings_over(dataset: object, output: object) -> Callable[..., DatasetRefreshSettings]:
    """A function that makes settings over a dataset, with overrides as on the command line."""

    def load(*pairs: str) -> DatasetRefreshSettings:
        values = {"dataset": str(dataset), "output": str(output)}
        return DatasetRefreshSettings.load(overrides=parse_overrides(pairs) | values)

    return load


def convert(source: object, dataset: object, *pairs: str) -> dict:
    """Converts a source into a dataset, beside which the result goes."""
    values = {"dataset": str(dataset), "output": f"{dataset}-out"}
    given = parse_overrides([f"convert.source={source}", *pairs])
    settings = DatasetRefreshSettings.load(overrides=given | values)
    return dataset_refresh.convert(settings, workers=1)


def labels_of(dataset: Path, part: str = "train") -> dict[str, str]:
    """The labels of a part by their images' paths."""
    text = (dataset / f"{part}.txt").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.splitlines())


def files_of(dataset: Path) -> dict[str, bytes]:
    """Every file of a dataset by its path."""
    return {
        path.relative_to(dataset).as_posix(): path.read_bytes()
        for path in sorted(dataset.rglob("*"))
        if path.is_file()
    }
