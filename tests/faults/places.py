"""Where a run reads and writes in these tests, looked at past the code under test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


class Place(Protocol):
    """An input, an output, and the environment that leads a process to them."""

    source: str
    output: str
    env: Mapping[str, str]

    def read_all(self, below: str) -> dict[str, bytes]:
        """Every object of the output whose key begins so, by key."""
        ...

    def keys(self, below: str) -> list[str]:
        """The keys of the output that begin so."""
        ...


@dataclass(frozen=True)
class Folder:
    """A local folder to read and one to write."""

    source: str
    output: str
    env: Mapping[str, str] = field(default_factory=dict)

    def keys(self, below: str) -> list[str]:
        root = Path(self.output)
        files = [path for path in root.rglob("*") if path.is_file()]
        names = [path.relative_to(root).as_posix() for path in files]
        return sorted(name for name in names if name.startswith(below))

    def read_all(self, below: str) -> dict[str, bytes]:
        return {key: (Path(self.output) / key).read_bytes() for key in self.keys(below)}


@dataclass(frozen=True)
class Bucket:
    """An input and an output in one bucket; ``client`` asks the server itself, past any proxy."""

    bucket: str
    prefix: str
    client: Any
    env: Mapping[str, str]
    source_key: str = "in"

    @property
    def source(self) -> str:
        return f"s3://{self.bucket}/{self.source_key}"

    @property
    def output(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def keys(self, below: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=f"{self.prefix}/{below}"
        )
        found = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key.removeprefix(f"{self.prefix}/") for key in found)

    def read_all(self, below: str) -> dict[str, bytes]:
        return {key: self._get(f"{self.prefix}/{key}") for key in self.keys(below)}

    def _get(self, key: str) -> bytes:
        body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body


def parts_of(run_id: str) -> str:
    """Where a run's parts begin."""
    return f"pages/collection=default/run={run_id}/part-"


def part_of(run_id: str, shard_id: str) -> str:
    """The key of a shard's part."""
    return f"{parts_of(run_id)}{shard_id}.parquet"


def staged_of(run_id: str) -> str:
    """Where local files of a run are staged."""
    return f"_runs/{run_id}/staging/"
