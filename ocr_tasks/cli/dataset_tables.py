"""What ``ocr-tasks dataset-refresh`` prints: findings, parts, versions and what they differ in."""

from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from ocr_tasks.console import out
from ocr_tasks.text.names import visible

Json = dict[str, Any]


def print_check(result: Json, output: str) -> None:
    """What a check of a dataset found, by rule, and where its report is."""
    own = result["ocr_tasks"]
    samples = ", ".join(f"{count} in {part}" for part, count in own["samples"].items() if count)
    title = f"{escape(visible(own['dataset']))}: {samples}, {own['groups']} groups"
    out.print(title, highlight=False, soft_wrap=True)
    if own["findings"]:
        table = Table("code", "severity", "findings", "remedy")
        for each in own["findings"]:
            table.add_row(each["code"], each["severity"], str(each["count"]), each["remedy"])
        out.print(table)
    report = escape(visible(f"{output.rstrip('/')}/{own['files']['report']}"))
    out.print(f"report in {report}", highlight=False, soft_wrap=True)
    if result["done_flag"]:
        out.print("Check dataset passed !", highlight=False)


def print_convert(result: Json) -> None:
    """What became of the regions of a source, and what of it could not be read."""
    table = Table("regions", "what became of them")
    table.add_row(str(result["labelled"]), "in samples")
    for why, regions in result["left_out"].items():
        table.add_row(str(regions), f"left out: {why}")
    out.print(table)
    for bad in result["bad_files"]:
        _say(f"{bad['file']}: {bad['error_class']} {bad['message']}")
    samples = ", ".join(f"{count} in {part}" for part, count in result["samples"].items())
    _say(f"{result['pages']} pages, samples: {samples or 'none'}; kept: {result['kept']}")


def print_split(result: Json) -> None:
    """How a dataset was split, what was left out, and what of the targets was missed."""
    table = Table("part", "samples", "percent", "target")
    for part, samples in result["samples"].items():
        percent, target = result["percent"][part], result["target"][part]
        table.add_row(part, str(samples), f"{percent:.1f}", f"{target:g}")
    out.print(table)
    _say(f"{result['groups']} groups, by the seed {result['seed']}")
    if result["left_out"]:
        _say(f"{result['left_out']} samples that train knows are in left_out.txt")
    for part, percent in result["missed"].items():
        missed = f"{part} has {percent:.1f} % in place of {result['target'][part]:g} %"
        _say(f"{missed}: there are {result['groups']} groups, which are not parted")
    kept = ", ".join(result["backups"].values()) or "nothing: the files are as they were"
    _say(f"kept {kept}")


def print_published(version: Json) -> None:
    """Which version was published, or stood there already."""
    samples = ", ".join(f"{count} in {part}" for part, count in version["samples"].items() if count)
    _say(f"{version['name']}: {samples}, {version['groups']} groups, {version['files']} files")
    _say("published" if version["is_new"] else "nothing new: this version is there already")
    _say(version["url"])


def print_versions(versions: list[Json]) -> None:
    """A row a version; its fingerprint stands whole, however narrow the terminal."""
    table = Table(Column("version", no_wrap=True), Column("published", no_wrap=True), "content")
    for each in versions:
        table.add_row(each["fingerprint"], each["created_at"][:19], _content(each))
    out.print(table)


def _content(version: Json) -> str:
    if "fault" in version:
        return "damaged"
    samples = ", ".join(f"{part} {count}" for part, count in version["samples"].items() if count)
    files = f"{version['files']} files of {version['bytes'] / 1e6:.1f} MB"
    return f"{samples}; {version['groups']} groups; {files}; {version['warnings']} warnings"


def print_diff(diff: Json) -> None:
    """How much changed from one version to another, and some of it."""
    _say(f"{diff['old']} → {diff['new']}: {diff['same']} samples are the same")
    table = Table("what", "how many", "for example")
    for kind, told in diff.items():
        if isinstance(told, dict) and told["count"]:
            shown = [_in_words(example) for example in told["examples"]]
            table.add_row(kind.replace("_", " "), str(told["count"]), "\n".join(shown))
    out.print(table if table.row_count else "nothing else")


def _in_words(example: Json) -> str:
    name = example.get("path") or example.get("group") or ""
    change = [str(example[when]) for when in ("old", "new") if example.get(when) is not None]
    return escape(visible(f"{name}: {' → '.join(change)}" if change else name))


def _say(line: str) -> None:
    out.print(escape(visible(line)), highlight=False, soft_wrap=True)
