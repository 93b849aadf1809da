"""The trainers, of which ``train.trainer`` chooses one."""

from ocr_tasks.dataset.samples import Dataset
from ocr_tasks.training import best, train
from ocr_tasks.training.outputs import Json
from ocr_tasks.training.paddlex import export as paddlex_export
from ocr_tasks.training.paddlex import learn as paddlex_learn
from ocr_tasks.training.running import Listener
from ocr_tasks.training.several import learn_together
from ocr_tasks.training.spec import TrainSpec, processes_of


def learn(dataset: Dataset, output: str, spec: TrainSpec, hear: Listener = lambda _: None) -> Json:
    """Trains with the trainer of ``spec``; see train.learn, several, and paddlex.learn.learn."""
    if spec.trainer == "paddlex":
        return paddlex_learn.learn(dataset, output, spec, hear)
    if processes_of(spec) > 1:
        return learn_together(dataset, output, spec, hear)
    return train.learn(dataset, output, spec, hear)


def export_best(dataset: Dataset, output: str, spec: TrainSpec) -> Json:
    """Exports what that trainer has learnt; see best.export_best and paddlex.export.export_best."""
    if spec.trainer == "paddlex":
        return paddlex_export.export_best(dataset, output, spec)
    return best.export_best(dataset, output, spec)
