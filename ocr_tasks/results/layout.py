"""Where a run's files lie below the output URL."""

from dataclasses import dataclass

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError
from ocr_tasks.text.names import is_name


@dataclass(frozen=True, slots=True)
class RunLayout:
    """The places of one run."""

    output: str
    collection: str
    run_id: str

    def __post_init__(self) -> None:
        """Refuse names that a folder cannot have.

        Raises:
            SettingsError: collection or run id has other characters than ``A-Z a-z 0-9 . _ + -``.
        """
        for what, name in (("collection", self.collection), ("run id", self.run_id)):
            checked_name(what, name)

    @property
    def pages(self) -> str:
        """The hive partition of this run's rows."""
        return storage.join(self.output, self._pages)

    @property
    def _pages(self) -> str:
        return f"pages/collection={self.collection}/run={self.run_id}"

    def part(self, shard_id: str) -> str:
        """The one file of a shard."""
        return storage.join(self.output, self.part_path(shard_id))

    def part_path(self, shard_id: str) -> str:
        """Where that file lies in the output, wherever that is moved or copied."""
        return f"{self._pages}/part-{shard_id}.parquet"

    @property
    def settings(self) -> str:
        """The settings the run was planned with, for people to read."""
        return storage.join(run_folder(self.output, self.run_id), "settings.json")

    @property
    def seal(self) -> str:
        """The seal."""
        return storage.join(run_folder(self.output, self.run_id), "seal.json")

    @property
    def staging(self) -> str:
        """Where local files are staged before they get their name."""
        return storage.join(run_folder(self.output, self.run_id), "staging")


def run_folder(output: str, run_id: str) -> str:
    """The folder of a run's manifest, settings and seal."""
    return storage.join(output, "_runs", checked_name("run id", run_id))


def manifest_uri(output: str, run_id: str) -> str:
    """The manifest: the one file from which everything else of a run is found."""
    return storage.join(run_folder(output, run_id), "manifest.parquet")


def checked_name(what: str, name: str) -> str:
    """The name, if it can be a folder's.

    Raises:
        SettingsError: it has other characters than ``A-Z a-z 0-9 . _ + -``, or too many.
    """
    if not is_name(name):
        raise SettingsError(
            f"{what} {name!r}: use up to 128 of A-Z a-z 0-9 . _ + -, a letter or digit first"
        )
    return name
