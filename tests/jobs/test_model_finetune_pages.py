"""The same steps where the dataset is of pages: a detector is trained, judged and registered."""

from dataclasses import replace

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import GateRefusedError, SettingsError
from ocr_tasks.evaluation.canary import CanarySpec
from ocr_tasks.evaluation.gate import GateRules
from ocr_tasks.evaluation.guards import GuardSpec
from ocr_tasks.evaluation.outputs import read_verdict
from ocr_tasks.jobs import model_finetune as job
from ocr_tasks.jobs.model_finetune import ModelFinetuneSettings
from ocr_tasks.jobs.model_finetune_sweep import Variable
from ocr_tasks.registry.versions import versions
from ocr_tasks.training.detection import loop
from ocr_tasks.training.detection import train as room
from ocr_tasks.training.detection.spec import DetectorSpec
from tests.training.detection.pages import write_drawn

pytestmark = pytest.mark.filterwarnings("ignore")  # PaddlePaddle's imports warn about themselves

SPEC = DetectorSpec(scope="head", threads=1, epochs=1, batch=2, crop_side=64)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """A detector that was trained, exported and evaluated; whatever came last was kept."""
    root = tmp_path_factory.mktemp("pages")
    url = write_drawn(root / "pages", train=2, val=2, test=2)
    given = ModelFinetuneSettings(
        dataset=url,
        output=storage.absolute(str(root / "out")),
        registry=storage.absolute(str(root / "registry")),
        name="finder",
        detector=SPEC,
        gate=GateRules(
            min_documents=2, needs_retention=False, guards=GuardSpec(max_time_ratio=100)
        ),
    )
    rising = iter(range(1, 9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "PARITY_CROPS", 2)
        score = loop.found_in
        patch.setattr(
            loop, "found_in", lambda *told: replace(score(*told), expected=99, matched=next(rising))
        )
        job.evaluate_base(given)
        job.train(given)
        job.export(given)
        job.evaluate(given)
    return given


def test_a_detector_that_finds_no_more_is_refused(settings):
    with pytest.raises(GateRefusedError, match="improvement"):
        job.decide(settings, workers=1)
    verdict = read_verdict(settings.output)
    assert [ruling.rule for ruling in verdict.reasons] == ["improvement"]
    assert "Hmean" in verdict.reasons[0].said
    with pytest.raises(GateRefusedError):
        job.promote(settings, workers=1)


def test_what_passes_is_registered_as_a_detector(settings):
    from ocr_tasks.evaluation.outputs import write_verdict
    from ocr_tasks.registry.champions import champion

    verdict = read_verdict(settings.output)
    passed = tuple(replace(each, passed=True) for each in verdict.rulings)
    write_verdict(settings.output, replace(verdict, promoted=True, rulings=passed))
    changed = settings.model_copy(update={"detector": replace(SPEC, crop_side=96)})
    told = job.promote(changed, workers=1)
    (version,) = versions(settings.registry, "det")
    assert version.digest == told["sha256"]
    assert version.card.base == "PP-OCRv6_small_det"
    assert version.card.config["detector"]["crop_side"] == 64
    assert "hmean" in version.card.metrics["test"]
    assert champion(settings.registry, "det").digest == version.digest
    assert champion(settings.registry, "rec") is None
    back = job.rollback(settings.registry, "worse", kind="det")
    assert back["digest"] is None


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ({"sweep": (Variable("epochs", (1, 2)),)}, "sweep: a detector is trained by one set"),
        ({"canary": CanarySpec("results", "june")}, "canary: it is for recognisers only"),
    ],
)
def test_what_is_for_recognisers_only_is_refused(settings, only, said):
    settings = settings.model_copy(update=only)
    steps = [job.evaluate_base, job.train] + [job.sweep] * bool(settings.sweep)
    for step in steps:
        with pytest.raises(SettingsError, match=said):
            step(settings)
