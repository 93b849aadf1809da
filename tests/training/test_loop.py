"""The loop: what it keeps, when it stops, and that a killed run ends as an undisturbed one."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from ocr_tasks import storage
from ocr_tasks.errors import ModelError, PlanConflictError, TrainingError
from ocr_tasks.training import loop, running
from ocr_tasks.training.batches import Source
from ocr_tasks.training.checkpoints import LATEST, read_checkpoint
from ocr_tasks.training.detection.progress import PageProgress
from ocr_tasks.training.loop import Course, fine_tune
from ocr_tasks.training.progress import LineProgress
from ocr_tasks.training.spec import TrainSpec
from ocr_tasks.training.student import Student
from ocr_tasks.training.weights import load_base
from tests.training.lines import word_lines

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

SPEC = TrainSpec(scope="head", epochs=3, batch=4, learning_rate=1e-3, patience=9, forgetting=1.0)
STEPS = 9  # of it, with twelve lines


class KilledError(Exception):
    """What stands for a kill: all that is not stored is lost."""


@pytest.fixture(scope="module")
def lines(base):
    """Words to learn and words to watch, short ones: the loop does not care."""
    return [word_lines(count, base.charset, seed) for count, seed in ((12, 1), (4, 2))]


def course(lines, output, fingerprint="these"):
    learnt, watched = lines
    return Course([Source(learnt, {})], watched, watched, str(output), fingerprint)


def student(lines, spec=SPEC):
    base = load_base(None, None)
    kept = {number for each in lines for line in each.lines for number in line.classes}
    return Student(base.network, base.charset, kept, spec.scope)


def trained(lines, output, spec=SPEC, kill_at=None, losses=None):
    pupil = student(lines, spec)

    def hear(step):
        if losses is not None:
            losses.append(step.loss)
        if step.step == kill_at:
            raise KilledError

    return pupil, fine_tune(pupil, course(lines, output), spec, hear)


@pytest.fixture(scope="module")
def whole(lines, tmp_path_factory):
    """A training that nobody disturbed: its output, the student, how it went, and the losses."""
    output, losses = tmp_path_factory.mktemp("whole"), []
    return output, *trained(lines, output, losses=losses), losses


def latest(output):
    _, tensors = read_checkpoint(f"{output}/{LATEST}", "these", LineProgress)
    return tensors


def test_a_killed_run_that_is_resumed_ends_with_the_same_weights_to_the_bit(tmp_path, lines, whole):
    output, undisturbed, told, _ = whole
    random = np.random.default_rng(7)
    for step in sorted(random.choice(np.arange(1, STEPS), 2, replace=False)):
        with pytest.raises(KilledError):
            trained(lines, tmp_path / "killed", kill_at=int(step))
    resumed, told_again = trained(lines, tmp_path / "killed")
    calm, killed = latest(output), latest(tmp_path / "killed")
    assert calm.keys() == killed.keys()
    for name, array in calm.items():
        np.testing.assert_array_equal(array, killed[name], err_msg=name)
    for name, array in undisturbed.state().items():
        np.testing.assert_array_equal(array, resumed.state()[name], err_msg=name)
    assert told.blends
    found, found_again = ([*each.evaluations, *each.blends] for each in (told, told_again))
    for one, other in zip(found, found_again, strict=True):
        assert replace(one, minutes=other.minutes) == other


def test_training_changes_what_the_scope_says_and_nothing_else(base, whole):
    output, pupil, _, _ = whole
    before, after = base.network.state_dict(), latest(output)
    frozen = [name for name in before if name.startswith("model.backbone")]
    assert frozen
    network = pupil.put_back().state_dict()
    for name in frozen:
        np.testing.assert_array_equal(network[name].numpy(), before[name].numpy(), err_msg=name)
    weight = "head.encoder.svtr_block.0.mlp.fc1.weight"
    assert (after[f"student/{weight}"] != before[weight].numpy()).any()
    rows, base_rows = network["head.head.weight"].numpy(), before["head.head.weight"].numpy()
    others = np.setdiff1d(np.arange(rows.shape[1]), pupil.kept)
    np.testing.assert_array_equal(rows[:, others], base_rows[:, others])


def test_the_loss_falls(whole):
    *_, losses = whole
    assert len(losses) == STEPS
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_of_the_best_weights_so_much_is_kept_as_keeps_print(lines, tmp_path, monkeypatch):
    blends = [(0.31, 0.106), (0.32, 0.104), (0.33, 0.103)]  # of 90, 80 and 70 %
    watch(monkeypatch, iter([(0.5, 0.1), (0.3, 0.107), (0.4, 0.2), *blends]))
    spec = TrainSpec(scope="head", epochs=2, batch=4, forgetting=0.005)
    begun = student(lines).state()
    pupil, progress = trained(lines, tmp_path, spec)
    assert progress.best == progress.evaluations[1]
    assert [each.share for each in progress.blends] == [0.9, 0.8, 0.7]
    assert progress.kept == progress.blends[1]
    assert progress.kept.epoch == 1
    _, tensors = read_checkpoint(f"{tmp_path}/{LATEST}", "these", LineProgress)
    for name, array in pupil.state().items():
        best = tensors[f"best/{name}"]
        np.testing.assert_allclose(array, 0.2 * begun[name] + 0.8 * best, atol=1e-6, err_msg=name)


def test_where_nothing_was_gained_the_weights_of_the_beginning_are_kept(
    lines, tmp_path, monkeypatch
):
    watch(monkeypatch, iter([(0.5, 0.1), (0.6, 0.1), (0.5, 0.1)]))
    pupil, progress = trained(lines, tmp_path, TrainSpec(scope="head", epochs=2, batch=4))
    assert progress.kept == progress.evaluations[0]
    assert progress.blends == []
    begun = student(lines).state()
    for name, array in pupil.state().items():
        np.testing.assert_array_equal(array, begun[name], err_msg=name)


def test_with_another_floor_on_print_only_the_blend_is_chosen_anew(lines, tmp_path, monkeypatch):
    spec = TrainSpec(scope="head", epochs=1, batch=4, forgetting=1)
    watch(monkeypatch, iter([(0.5, 0.1), (0.3, 0.2), (0.31, 0.15)]))
    _, progress = trained(lines, tmp_path, spec)
    assert progress.kept.share == 1
    watch(monkeypatch, iter([(0.31, 0.15), (0.32, 0.104), (0.33, 0.1)]))
    steps = []
    _, progress = trained(lines, tmp_path, replace(spec, forgetting=0.005), losses=steps)
    assert (progress.kept.share, steps) == (0.8, [])


def test_a_training_that_outlasts_its_limit_chooses_anew_though_killed_as_it_chooses(
    lines, tmp_path, monkeypatch
):
    spec = TrainSpec(scope="head", epochs=1, batch=4, forgetting=1)
    watch(monkeypatch, iter([(0.5, 0.1)]))
    _, progress = trained(lines, tmp_path, replace(spec, max_minutes=1e-9))
    assert progress.kept.share == 0
    watch(monkeypatch, iter([(0.3, 0.2)]))
    with pytest.raises(StopIteration):  # the scores are at an end, which stands for a kill
        trained(lines, tmp_path, spec)
    watch(monkeypatch, iter([(0.31, 0.15)]))
    _, progress = trained(lines, tmp_path, spec)
    assert (progress.kept.cer, progress.kept.share) == (0.3, 1)


def test_what_was_learnt_when_time_is_up_is_evaluated_in_the_midst_of_an_epoch_too(
    lines, tmp_path, monkeypatch
):
    spec = TrainSpec(scope="head", epochs=1, batch=4, forgetting=1, max_minutes=1)
    watch(monkeypatch, iter([(0.5, 0.1), (0.3, 0.2), (0.31, 0.15)]))
    now = iter(range(0, 1000, 25))
    monkeypatch.setattr(running.time, "monotonic", lambda: next(now))
    _, progress = trained(lines, tmp_path, spec)
    assert 0 < progress.step < 3
    assert [each.step for each in progress.evaluations] == [0, progress.step]
    assert progress.kept.cer == 0.3


def test_training_stops_after_evaluations_without_gain(lines, tmp_path, monkeypatch, caplog):
    blend = (0.45, 0.1)
    watch(monkeypatch, iter([(0.5, 0.1), (0.4, 0.1), (0.41, 0.1), (0.42, 0.1), blend]))
    spec = TrainSpec(scope="head", epochs=9, batch=4, patience=2)
    with caplog.at_level(logging.INFO):
        _, progress = trained(lines, tmp_path, spec)
    assert [each.cer for each in progress.evaluations] == [0.5, 0.4, 0.41, 0.42]
    assert progress.best == progress.kept == progress.evaluations[1]
    assert "2 evaluations without gain" in caplog.text


def watch(monkeypatch, scores):
    """Has evaluations find these error rates of val and of print, in this order."""

    class Score:
        accuracy = 0.0

        def __init__(self, cer):
            self.cer = cer

    pending = []

    def score(*_):
        if not pending:
            pending.extend(next(scores))
        return Score(pending.pop(0))

    monkeypatch.setattr(loop, "score", score)


def test_a_loss_that_is_no_number_ends_the_training_and_leaves_no_checkpoint(lines, tmp_path):
    pupil = student(lines)
    broken = {name: array * np.nan for name, array in pupil.state().items()}
    pupil.set_state(broken)
    with pytest.raises(TrainingError, match="nan at step 1"):
        fine_tune(pupil, course(lines, tmp_path), SPEC)
    assert not storage.exists(f"{tmp_path}/{LATEST}")


def test_the_checkpoint_of_another_course_is_refused(lines, whole):
    with pytest.raises(PlanConflictError, match="other lines, weights or settings"):
        fine_tune(student(lines), course(lines, whole[0], "others"), SPEC)


def test_the_checkpoint_of_another_kind_of_model_is_not_called_damaged(whole):
    with pytest.raises(PlanConflictError, match="other pages, weights or settings"):
        read_checkpoint(f"{whole[0]}/{LATEST}", "others", PageProgress)


def test_a_damaged_checkpoint_is_refused(lines, whole, tmp_path):
    path = tmp_path / LATEST
    path.parent.mkdir()
    path.write_bytes((whole[0] / LATEST).read_bytes()[:-100])
    with pytest.raises(ModelError, match="is damaged"):
        fine_tune(student(lines), course(lines, tmp_path), SPEC)


def test_a_time_limit_ends_the_training(lines, tmp_path):
    spec = TrainSpec(scope="head", epochs=50, batch=4, max_minutes=1e-9)
    _, progress = trained(lines, tmp_path, spec)
    assert progress.step == 0
    assert len(progress.evaluations) == 1
