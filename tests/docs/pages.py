"""The pages of the documentation, and what they say: tables, code blocks, commands, anchors."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ARCHIVE_OCR = ROOT / "docs" / "archive_ocr.md"
DATASET_REFRESH = ROOT / "docs" / "dataset_refresh.md"
MODEL_FINETUNE = ROOT / "docs" / "model_finetune.md"
MODELS = ROOT / "docs" / "models.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
ERRORS = ROOT / "docs" / "errors.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def table(page: Path, *heads: str) -> list[list[str]]:
    return table_in(page.read_text(), *heads)


def table_in(text: str, *heads: str) -> list[list[str]]:
    """The rows of every table whose first heads are these."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if inside and not set(line) <= set("|-: "):
            rows.append(cells)
        inside = inside or cells[: len(heads)] == list(heads)
    assert rows, f"there is no table of {heads}"
    return rows


def code_blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.S)


def shell_lines(page: Path) -> list[str]:
    """The commands in a page's code blocks, continued lines joined."""
    code = "\n".join(code_blocks(page, "sh")).replace("\\\n", " ")
    return [line for line in code.splitlines() if line.strip()]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
