"""A training, or a sweep of many: every trial in a folder of its own, the best where one would be.

What each trial came to stands in its folder, and all that is planned is planned from there. So a
sweep that was broken off goes on, whether its trials follow each other or run at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from ocr_tasks.dataset.samples import labels_digest
from ocr_tasks.errors import SettingsError, TrainingError
from ocr_tasks.jobs import model_finetune_pages as pages
from ocr_tasks.jobs.model_finetune_settings import (
    ModelFinetuneSettings,
    admitted,
    begun_with_champion,
    dataset_of,
)
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.sweep import (
    Options,
    Stage,
    Trial,
    Variable,
    best_of,
    outcome_of,
    shown,
    trial_name,
    value_in,
)

if TYPE_CHECKING:
    from ocr_tasks.training.running import Listener

Json = dict[str, Any]


def unheard(*_: Any) -> None:
    """Progress that nobody wants to hear of."""


def train(settings: ModelFinetuneSettings, hear: "Listener" = unheard) -> Json:
    """Trains, or goes on from the last checkpoint below the output; ``hear`` hears every step.

    It begins with the champion's weights, unless ``train.base`` names others, and knows of no
    sweep. Returns the result, as train_result.json has it.

    Raises:
        TrainingError: the loss is no number.
        PlanConflictError: the checkpoint there is of other lines, weights or settings.
        DatasetError, ModelError, StorageError: see training.train.learn.
    """
    from ocr_tasks.training.trainers import learn

    settings = admitted(settings)
    dataset = dataset_of(settings)
    if pages.learns_here(settings, dataset):
        return pages.train(settings, dataset, hear)
    return learn(dataset, settings.output, begun_with_champion(settings), hear)


def sweep(
    settings: ModelFinetuneSettings,
    hear: "Listener" = unheard,
    tell: Callable[[str], None] = unheard,
) -> Json:
    """Tries the values of each option of the sweep, and leaves the best training in the output.

    ``hear`` hears every step of every training, and ``tell`` which trial begins. Returns what
    ``choose`` does; raises as it, and as ``attempt``.
    """
    if not settings.sweep:
        raise SettingsError("sweep: there is nothing to try; name it, as sweep.epochs=[3, 6]")
    for number, variable in enumerate(settings.sweep):
        planned = trials_of(settings, number)
        for place, options in enumerate(planned, start=1):
            tell(f"{variable.option}: trial {place} of {len(planned)}, {shown(options)}")
            attempt(settings, options, hear)
    return choose(settings)


def trials_of(settings: ModelFinetuneSettings, number: int) -> list[Options]:
    """The options of each trial of the sweep's option ``number``, all before it being tried.

    Without a sweep there is one training, number 0, of no options.

    Raises:
        TrainingError: no trial before has come to anything.
        PlanConflictError: what lies in the output is of other settings, or of no sweep.
    """
    if number < len(settings.sweep):
        return _Sweep(settings).planned(number)
    return [] if number else [{}]


def attempt(settings: ModelFinetuneSettings, options: Options, hear: "Listener" = unheard) -> Json:
    """One training of the sweep, as ``train`` does it; returns what it came to.

    Where its loss became no number that says so, and is no error. What was finished before is not
    done again. Without ``options`` it is the training of no sweep, in the output itself, and came
    to its best evaluation, in whatever its trainer measures.

    Raises:
        PlanConflictError: a trial of that name has other lines, weights or settings.
        and what ``train`` raises, but for a TrainingError in a sweep.
    """
    if options:
        return asdict(_Sweep(settings).attempt(options, hear))
    best: Json = train(settings, hear)["best"]
    return best


def choose(settings: ModelFinetuneSettings) -> Json:
    """Puts the files of the best trial into the output, as if it had been trained there.

    Returns all trials by option in ``stages``, and the ``best``; without a sweep, nothing.

    Raises:
        TrainingError: no trial has come to anything.
        PlanConflictError: see trials_of.
    """
    if not settings.sweep:
        return {}
    stages, best = _Sweep(settings).choose()
    return {"stages": [asdict(stage) for stage in stages], "best": asdict(best)}


class _Sweep:
    """A sweep as it stands in its output."""

    def __init__(self, settings: ModelFinetuneSettings) -> None:
        from ocr_tasks.training.trials import refuse_other_training

        self._settings = admitted(settings)
        self._dataset = dataset_of(self._settings)
        if pages.is_of_pages(self._dataset):
            pages.refuse_for_recognisers(self._settings)
        refuse_other_training(self._settings.output)
        self._labels = labels_digest(self._dataset)

    def planned(self, number: int) -> list[Options]:
        before = self._report()[:number]
        fixed = self._best(before).options if number else {}
        return self._options_of(self._settings.sweep[number], fixed)

    def attempt(self, options: Options, hear: "Listener") -> Trial:
        from ocr_tasks.training.trainers import learn
        from ocr_tasks.training.trials import fingerprint_of, folder_of, write_trial

        options = self._as_trained(options)
        kept = self._kept(options)
        if kept is not None:
            return kept
        name, spec = trial_name(options, self._settings.train), self._spec_of(options)
        try:
            result = learn(self._dataset, folder_of(self._settings.output, name), spec, hear)
            trial = Trial(name, options, outcome_of(result))
        except TrainingError as error:
            trial = Trial(name, options, fault=str(error))
        write_trial(self._settings.output, trial, fingerprint_of(self._labels, spec))
        return trial

    def choose(self) -> tuple[Sequence[Stage], Trial]:
        from ocr_tasks.training.trials import bring

        stages = self._report()
        best = self._best(stages)
        bring(self._settings.output, best.name)
        return stages, best

    def _report(self) -> Sequence[Stage]:
        """What was tried up to now, option by option; it is written below the output."""
        from ocr_tasks.training.sweep_report import write_sweep

        stages = self._stages()
        write_sweep(self._settings.output, stages, self._settings.train.forgetting)
        return stages

    def _stages(self) -> Sequence[Stage]:
        stages: list[Stage] = []
        seen: list[Trial] = []
        best: Trial | None = None
        for variable in self._settings.sweep:
            options = self._options_of(variable, best.options if best else {})
            tried = [trial for trial in map(self._kept, options) if trial is not None]
            if not tried:
                break
            seen += tried
            best = best_of(seen, self._settings.train.forgetting)
            stages.append(Stage(variable.option, tuple(tried), best))
        return stages

    def _best(self, stages: Sequence[Stage]) -> Trial:
        best = stages[-1].best if stages else None
        if best is None:
            faults = {trial.fault: None for stage in stages for trial in stage.trials}
            said = "; ".join(fault or "print is forgotten" for fault in faults)
            raise TrainingError(f"no trial of the sweep is of use: {said or 'none was finished'}")
        return best

    def _options_of(self, variable: Variable, fixed: Options) -> list[Options]:
        """The options of an option's trials, each once."""
        each = [self._as_trained(fixed | {variable.option: value}) for value in variable.values]
        return [options for number, options in enumerate(each) if options not in each[:number]]

    def _as_trained(self, options: Options) -> Options:
        """Options in the order of the sweep, their values as the training has them."""
        spec = self._settings.varied(options).train
        names = dict.fromkeys(variable.option for variable in self._settings.sweep)
        return {name: value_in(spec, name) for name in names if name in options}

    def _spec_of(self, options: Options) -> TrainSpec:
        return begun_with_champion(self._settings.varied(options))

    def _kept(self, options: Options) -> Trial | None:
        """What a trial came to; None where it is not finished."""
        from ocr_tasks.training.trials import fingerprint_of, read_trial

        fingerprint = fingerprint_of(self._labels, self._spec_of(options))
        name = trial_name(options, self._settings.train)
        trial = read_trial(self._settings.output, name, fingerprint)
        return trial and replace(trial, options=options)  # an option later there may be more
