"""The settings of a fine-tuning, what they admit, and how one training of a sweep varies them."""

from dataclasses import replace
from typing import Any, Literal, Self

import yaml
from pydantic import field_validator

from ocr_tasks import storage
from ocr_tasks.admission import folder_name, refuse_inside, refuse_secrets, refuse_url
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import Dataset, LayoutSpec
from ocr_tasks.errors import DamagedFileError, SettingsError, TrainingError
from ocr_tasks.evaluation.canary import CanarySpec
from ocr_tasks.evaluation.contest import ReaderSpec
from ocr_tasks.evaluation.evaluate import EvaluationSpec
from ocr_tasks.evaluation.gate import GateRules
from ocr_tasks.registry.incumbents import Incumbent, kept_incumbent
from ocr_tasks.registry.versions import Kind
from ocr_tasks.settings import JobSettings, Values, flattened, merged, nested
from ocr_tasks.stores.filesystems import SCHEMES
from ocr_tasks.training import paddlex_names
from ocr_tasks.training.detection.spec import DetectorSpec
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.sweep import Options, Variable, value_in

VARIABLE_KEYS = {"option", "values"}  # of a Variable, as settings are written down


class ModelFinetuneSettings(JobSettings):
    """The settings; the command line and configs/model_finetune.yaml fill them.

    ``retention`` is a dataset of what must be read as well as before. Versions are registered
    under ``name``, or under that of the dataset's folder, and with ``licence`` in their card.
    ``sweep`` are options of ``train`` with the values to try, one option after the other, given
    as a mapping or a list of mappings. PaddleX's names (``Train.epochs_iters``, …) are taken too.
    A dataset of pages trains a detector, as ``detector`` says in place of ``train``. A recogniser
    that the gate lets pass reads the pages of ``canary`` before it is promoted.
    """

    dataset: str
    output: str
    registry: str
    retention: str | None = None
    name: str = ""
    licence: str = ""
    schemes: tuple[str, ...] = SCHEMES
    layout: LayoutSpec = LayoutSpec()
    groups: GroupSpec = GroupSpec()
    limits: LimitSpec = LimitSpec()
    train: TrainSpec = TrainSpec()
    sweep: tuple[Variable, ...] = ()
    detector: DetectorSpec = DetectorSpec()
    engine: ReaderSpec = ReaderSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    gate: GateRules = GateRules()
    canary: CanarySpec = CanarySpec()

    @field_validator("sweep", mode="before")
    @classmethod
    def _variables(cls, given: Any) -> Any:
        """Variables in their order, however they were given."""
        mappings = given if isinstance(given, list | tuple) else [given or {}]
        return [variable for each in mappings for variable in _variables_in(each)]

    @classmethod
    def translated(cls, values: Values) -> Values:
        """See JobSettings; what PaddleX's sections say, by our names."""
        return paddlex_names.translated(values)

    def below(self, run_id: str) -> Self:
        """The settings of a run that has a folder of its own below the output."""
        return self.model_copy(update={"output": storage.join(self.output, run_id)})

    def varied(self, options: Options) -> Self:
        """The settings with these options of the training.

        Raises:
            SettingsError: there is no such option, or it cannot have that value.
        """
        return self.revive(merged(self.model_dump(), {"train": nested(options)}))


def _variables_in(given: Any) -> list[Any]:
    """A mapping of options to values, its sections flattened; anything else as it is."""
    if not isinstance(given, dict) or given.keys() == VARIABLE_KEYS:
        return [given]
    return [{"option": option, "values": values} for option, values in flattened(given).items()]


def admitted(settings: ModelFinetuneSettings) -> ModelFinetuneSettings:
    """The settings with absolute URLs, if they, and every training of the sweep, may be used.

    Raises:
        SettingsError: they may not.
    """
    refuse_secrets(settings.model_dump(mode="json"))
    if settings.sweep and settings.train.trainer != "embedded":
        raise SettingsError("sweep: its trials are of train.trainer=embedded; leave one out")
    places = {"dataset", "output", "registry", "retention"}
    urls = {key: url for key, url in settings.model_dump(include=places).items() if url is not None}
    trained = [settings.train, *_specs_tried(settings)]
    given_to_train = [url for each in trained for url in (each.base, each.replay.dataset)]
    others = (settings.detector.base, settings.canary.output)
    for url in filter(None, (*urls.values(), *given_to_train, *others)):
        refuse_url(url, settings.schemes)
    given = {key: storage.absolute(url).rstrip("/") for key, url in urls.items()}
    name = folder_name(settings.name, given["dataset"])
    refuse_inside(given["output"], given["dataset"], "dataset")
    return settings.model_copy(update=given | {"name": name})


def _specs_tried(settings: ModelFinetuneSettings) -> list[TrainSpec]:
    specs = []
    for variable in settings.sweep:
        value_in(settings.train, variable.option)
        for value in variable.values:
            specs.append(settings.varied({variable.option: value}).train)
    return specs


def dataset_of(settings: ModelFinetuneSettings) -> Dataset:
    """The dataset to learn. Raises as read_dataset."""
    return read_dataset(settings.dataset, settings.layout, settings.groups)


def begun_with_champion(settings: ModelFinetuneSettings) -> TrainSpec:
    """The options of the training, which begins with the champion if no base is named.

    Raises:
        RegistryError, DamagedFileError, StorageError: see kept_incumbent.
    """
    if settings.train.base is not None:
        return settings.train
    incumbent = champion_to_begin_with(settings, "rec")
    return replace(settings.train, base=incumbent.weights, base_sha256=incumbent.digest)


def champion_to_begin_with(settings: ModelFinetuneSettings, kind: Kind) -> Incumbent:
    """The champion of now, or when the training in the output began. Raises as kept_incumbent."""
    from ocr_tasks.training.trials import has_begun

    begun = has_begun(settings.output)
    return kept_incumbent(settings.registry, settings.output, kind, begun)


def as_trained(
    settings: ModelFinetuneSettings, options: Literal["train", "detector"] = "train"
) -> ModelFinetuneSettings:
    """The settings with those ``options`` that the training in the output had, not those of now.

    So the steps after a sweep have those of the trial that was chosen. Device and threads are of
    the machine, and stay as they are.

    Raises:
        TrainingError: nothing was trained there.
        DamagedFileError: it is not what was written.
        StorageError: the store did not answer.
    """
    from ocr_tasks.training.outputs import SETTINGS

    url = storage.join(settings.output, SETTINGS)
    try:
        data = storage.read_bytes(url)
    except FileNotFoundError as error:
        raise TrainingError(f"there is no {SETTINGS} in {settings.output}: train first") from error
    try:
        read = settings.revive(settings.model_dump() | {options: yaml.safe_load(data)})
    except (yaml.YAMLError, SettingsError) as error:
        raise DamagedFileError(f"{url} cannot be read: {error}") from error
    had, has = getattr(read, options), getattr(settings, options)
    spec = replace(had, device=has.device, threads=has.threads)
    return settings.model_copy(update={options: spec})
