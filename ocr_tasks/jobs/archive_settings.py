"""The settings of a run: as they are given, as they may be used, and as its plan freezes them."""

import logging
from dataclasses import replace
from typing import Self

from ocr_tasks import storage
from ocr_tasks.admission import refuse_inside, refuse_secrets, refuse_url
from ocr_tasks.archive.raster import DecodeSpec
from ocr_tasks.archive.shards import ShardSpec
from ocr_tasks.engines.loading import chosen
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.errors import SettingsError
from ocr_tasks.planning import PINNED
from ocr_tasks.recognition import RecognitionSpec
from ocr_tasks.registry.champions import NOBODY
from ocr_tasks.registry.incumbents import champion_now
from ocr_tasks.results.rows import ReviewSpec
from ocr_tasks.sealing import FailureSpec
from ocr_tasks.settings import JobSettings
from ocr_tasks.stores.filesystems import SCHEMES

log = logging.getLogger(__name__)

SERVING = ("onnx", "openvino")  # kinds of engines that a version of a registry is served by


class ArchiveOcrSettings(JobSettings):
    """The settings of a run; the command line, a DAG and configs/archive_ocr.yaml fill them.

    The champions of ``registry``, a path or URL, read in place of the engine's default models.
    """

    input: str
    output: str
    collection: str = "default"
    registry: str | None = None
    schemes: tuple[str, ...] = SCHEMES
    shards: ShardSpec = ShardSpec()
    decode: DecodeSpec = DecodeSpec()
    engine: EngineSpec = EngineSpec()
    recognition: RecognitionSpec = RecognitionSpec()
    review: ReviewSpec = ReviewSpec()
    failures: FailureSpec = FailureSpec()

    def admitted(self) -> Self:
        """These with absolute URLs and one engine, if they may be used and written down.

        Raises:
            SettingsError: they may not.
        """
        refuse_secrets(self.model_dump(mode="json"))
        places = self.model_dump(include={"input", "output", "registry"}, exclude_none=True)
        for url in places.values():
            refuse_url(url, self.schemes)
        places = {key: storage.absolute(url) for key, url in places.items()}
        refuse_inside(places["output"], places["input"], "input")
        engine = chosen(self.engine).spec
        if self.registry is not None:
            _refuse_other_models(engine)
        return self.model_copy(update=places | {"engine": engine})

    def with_champions(self) -> Self:
        """These with the champions of the registry, as it is now, for the engine's models.

        Raises:
            SettingsError, RegistryError, DamagedFileError, StorageError: see champion_now.
        """
        if self.registry is None:
            return self
        det, rec = (champion_now(self.registry, kind) for kind in ("det", "rec"))
        if det.number == rec.number == NOBODY:
            log.warning("nobody was promoted in %s yet: built-in models read", self.registry)
        engine = replace(
            self.engine,
            det_model=det.weights,
            det_sha256=det.digest,
            rec_model=rec.weights,
            rec_sha256=rec.digest,
        )
        return self.model_copy(update={"engine": engine})


def _refuse_other_models(engine: EngineSpec) -> None:
    """Makes sure that an engine has no models beside those of a registry, and can serve these."""
    given = [name for name in PINNED if getattr(engine, name) is not None]
    if given:
        raise SettingsError(
            f"registry names the models: give no engine.{' or engine.'.join(given)}"
        )
    if engine.kind not in SERVING:
        raise SettingsError(
            f"engine.kind={engine.kind} serves no version of a registry: use onnx or openvino"
        )
