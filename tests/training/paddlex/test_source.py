"""Where PaddleX's trainer comes from: found, or refused with what to do about it."""

import pytest
import yaml

from ocr_tasks.errors import SettingsError, TrainerMissingError
from ocr_tasks.training.paddlex.arguments import adapted
from ocr_tasks.training.paddlex.source import VARIABLE, basic_config, source_tree
from ocr_tasks.training.spec import PaddlexSpec
from tests.training.paddlex.standin import CONFIG, StandIn


@pytest.fixture
def tree(tmp_path):
    return StandIn(tmp_path / "PaddleOCR").folder


def test_a_setting_names_the_tree_before_the_environment_does(tree, tmp_path):
    there = {VARIABLE: str(tmp_path / "elsewhere")}
    assert source_tree(PaddlexSpec(source=str(tree)), there) == tree
    assert source_tree(PaddlexSpec(), {VARIABLE: str(tree)}) == tree


def test_without_a_tree_the_trainer_is_refused_with_the_remedy():
    with pytest.raises(
        TrainerMissingError, match=f"neither train.paddlex.source nor {VARIABLE}"
    ) as e:
        source_tree(PaddlexSpec(), {})
    assert e.value.code == "E_TRAINER"
    assert "train.trainer=embedded" in e.value.remedy


def test_a_tree_without_its_programs_is_refused(tree):
    (tree / "tools" / "eval.py").unlink()
    with pytest.raises(TrainerMissingError, match=r"has no tools/eval\.py"):
        source_tree(PaddlexSpec(source=str(tree)), {})


def test_the_trees_own_configuration_of_a_model_is_found(tree):
    assert basic_config(tree, PaddlexSpec()) == yaml.safe_load(CONFIG)


@pytest.mark.parametrize("place", ["tree", "elsewhere"])
def test_a_configuration_is_looked_for_where_it_was_named_and_in_the_tree(place, tree, tmp_path):
    path = {"tree": tree, "elsewhere": tmp_path}[place] / "udml.yml"
    path.write_text(CONFIG.replace("SVTR_LCNet", "Distillation"))
    given = str(path) if place == "elsewhere" else "udml.yml"
    config = basic_config(tree, PaddlexSpec(config=given))
    assert config["Architecture"]["algorithm"] == "Distillation"


def test_a_model_that_the_tree_does_not_know_is_refused(tree):
    with pytest.raises(TrainerMissingError, match=r"0 files configs/.*name the one to use"):
        basic_config(tree, PaddlexSpec(model="PP-OCRv9_rec"))
    with pytest.raises(TrainerMissingError, match=r"there is no missing\.yml"):
        basic_config(tree, PaddlexSpec(config="missing.yml"))


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("Global: {}\nTrain: {}\n", "has no section Eval"),
        ("[1, 2]", "has no section Global, Train, Eval"),
        ("Global: !!python/object/apply:os.getcwd []", "cannot read"),
        ("Global: [", "cannot read"),
    ],
)
def test_what_is_no_configuration_or_would_run_code_is_refused(written, why, tree):
    (tree / "odd.yml").write_text(written)
    with pytest.raises(SettingsError, match=why):
        basic_config(tree, PaddlexSpec(config="odd.yml"))


def test_lengths_are_raised_to_the_longest_label_and_never_lowered():
    config = yaml.safe_load(CONFIG)
    config["Global"]["max_text_length"] = 99
    adapted_ = adapted(config, 60, seed=3)
    assert adapted_["Global"]["max_text_length"] == 99
    (head,) = adapted_["Architecture"]["Head"]["head_list"]
    assert head["NRTRHead"] == {"nrtr_dim": 384, "max_text_length": 62}
    assert adapted_["Global"]["seed"] == 3
