"""What one version of a dataset has and another has not."""

from typing import Any

from ocr_tasks import storage
from ocr_tasks.dataset.manifest import MANIFEST, SAMPLES, files_in
from ocr_tasks.faults import damage_named
from ocr_tasks.stamps import whole_rows

EXAMPLES = 10  # of each kind

Json = dict[str, Any]
Samples = dict[tuple[str, int], Json]  # by image, and which of that image's samples it is


def diff_versions(old: Json, new: Json) -> Json:
    """Samples and groups that were added, removed, relabelled or moved; images of other content.

    For each kind ``count`` and ``examples``: of a sample its ``path`` and, where it was and is
    now, ``old`` and ``new``.

    Raises:
        DamagedFileError: a table of a version is not what was published.
        StorageError: the store did not answer.
    """
    before, after = _samples_of(old), _samples_of(new)
    both = [key for key in before if key in after]
    digests, later_digests = _digests_of(old), _digests_of(new)
    groups, later_groups = _groups_of(before), _groups_of(after)
    added = [each for key, each in after.items() if key not in before]
    removed = [each for key, each in before.items() if key not in after]
    kinds = {
        "added": [_told(each, None, each["part"]) for each in added],
        "removed": [_told(each, each["part"], None) for each in removed],
        "relabelled": _changed("label", both, before, after),
        "moved": _changed("part", both, before, after),
        "regrouped": _changed("group", both, before, after),
        "repainted": [
            {"path": path, "old": digests[path], "new": digest}
            for path, digest in later_digests.items()
            if digests.get(path, digest) != digest
        ],
        "new_groups": [{"group": group} for group in sorted(later_groups - groups)],
        "lost_groups": [{"group": group} for group in sorted(groups - later_groups)],
    }
    return {
        "old": old["fingerprint"],
        "new": new["fingerprint"],
        "same": len(both) - len(kinds["relabelled"]),
    } | {kind: {"count": len(all_), "examples": all_[:EXAMPLES]} for kind, all_ in kinds.items()}


def _changed(column: str, keys: list[tuple[str, int]], old: Samples, new: Samples) -> list[Json]:
    return [
        _told(new[key], old[key][column], new[key][column])
        for key in keys
        if old[key][column] != new[key][column]
    ]


def _told(sample: Json, old: str | None, new: str | None) -> Json:
    return {"path": sample["path"], "old": old, "new": new}


def _groups_of(samples: Samples) -> set[str]:
    return {each["group"] for each in samples.values() if each["group"] is not None}


def _samples_of(version: Json) -> Samples:
    uri = storage.join(version["url"], SAMPLES)
    with damage_named(uri):
        data = storage.read_bytes(uri)
        rows = whole_rows(data, ["path", "part", "label", "group"]).to_pylist()
    samples: Samples = {}
    for row in rows:
        number = 0
        while (row["path"], number) in samples:
            number += 1
        samples[row["path"], number] = row
    return samples


def _digests_of(version: Json) -> dict[str, str]:
    uri = storage.join(version["url"], MANIFEST)
    with damage_named(uri):
        files = files_in(storage.read_bytes(uri))
    return {each.path: each.sha256 for each in files if each.role == "image"}
