"""The approval of a promotion, with real tasks of Airflow around steps that only take notes."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dags.answers import Person
from tests.dags.conftest import asset_events, run_of, tasks_of

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts

CONF = {"dataset": "lines", "output": "tuned", "registry": "registry", "name": "letters"}
SAID = "The gate lets the candidate pass.\n\n- passed improvement: CER \\*lower\\*"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The steps of the job that a run has called."""
    from ocr_tasks.jobs import model_finetune as job

    called: list[str] = []
    answers: dict[str, Any] = {
        "evaluate_base": {},
        "attempt": {},
        "choose": {},
        "export": {"parity": {}},
        "evaluate": {"numbers": {}},
        "decide": {"promoted": True},
        "verdict_text": SAID,
        "promote": {"sha256": "0" * 64},
    }

    def noted(step: str) -> Any:
        return lambda *_: called.append(step) or answers[step]

    for step in answers:
        monkeypatch.setattr(job, step, noted(step))
    return called


def state_of(dag_run: Any, task_id: str) -> str:
    (task,) = tasks_of(dag_run, task_id)
    return task.state


def test_without_the_param_nobody_is_asked(model_finetune: Any, done: list[str]) -> None:
    dag_run = run_of(model_finetune, **CONF)
    assert (state_of(dag_run, "approval"), dag_run.state) == ("skipped", "success")
    assert done[-1] == "promote"


def test_who_is_asked_reads_the_verdict_and_approves(model_finetune: Any, done: list[str]) -> None:
    with Person("Approve") as person:
        dag_run = run_of(model_finetune, **CONF, approval=True)
    assert person.asked == {"subject": "Shall letters become the champion?", "body": SAID}
    assert (state_of(dag_run, "approval"), dag_run.state) == ("success", "success")
    assert done[-1] == "promote"
    assert len(asset_events(dag_run, "ocr_champion")) == 1


def test_what_is_rejected_is_not_promoted(model_finetune: Any, done: list[str]) -> None:
    with Person("Reject"):
        dag_run = run_of(model_finetune, **CONF, approval=True)
    assert state_of(dag_run, "approval") == "success"
    assert state_of(dag_run, "promote") == "skipped"
    assert "promote" not in done
    assert asset_events(dag_run, "ocr_champion") == []


@pytest.mark.parametrize(("asked", "state"), [(None, "success"), (False, "skipped")])
def test_the_environment_asks_unless_the_run_says_otherwise(
    model_finetune: Any, done: list[str], monkeypatch: pytest.MonkeyPatch, asked: Any, state: str
) -> None:
    approval = model_finetune.get_task("approval")
    execute = inspect.unwrap(type(approval).execute)
    monkeypatch.setitem(execute.__globals__, "ALWAYS_ASK", True)
    with Person("Approve"):
        dag_run = run_of(model_finetune, **CONF, approval=asked)
    assert (state_of(dag_run, "approval"), dag_run.state) == (state, "success")
