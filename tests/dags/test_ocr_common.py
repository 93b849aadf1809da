"""What the DAGs share."""

import importlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ocr_tasks.errors import ModelError, SettingsError, StorageError
from tests.dags.conftest import DAGS

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow warns about its own parts


@pytest.fixture
def common(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(DAGS)
    sys.modules.pop("ocr_common", None)
    return importlib.import_module("ocr_common")


@pytest.mark.parametrize(
    ("error", "action"),
    [(StorageError("the store is away"), "retry"), (ModelError("another model"), "fail")],
    ids=["transient is retried", "permanent is not"],
)
def test_retries_go_by_error_class(common: ModuleType, error: Exception, action: str) -> None:
    decision = common.RETRY_BY_ERROR_CLASS.evaluate(error, try_number=1, max_tries=3)
    assert decision.action.value == action


def test_an_error_that_is_not_ours_keeps_airflows_own_retries(common: ModuleType) -> None:
    decision = common.RETRY_BY_ERROR_CLASS.evaluate(MemoryError(), try_number=1, max_tries=3)
    assert decision.action.value == "default"


def test_the_partition_key_takes_its_place_in_the_input(common: ModuleType) -> None:
    source = common.with_partition_key("s3://in/{partition_key}/", "2026-03-01")
    assert source == "s3://in/2026-03-01/"
    assert common.with_partition_key("s3://in/", None) == "s3://in/"


def test_an_input_that_wants_a_key_is_refused_without_one(common: ModuleType) -> None:
    with pytest.raises(SettingsError, match="partition key"):
        common.with_partition_key("s3://in/{partition_key}/", None)


def test_run_ids_can_name_folders_and_stay_apart(common: ModuleType) -> None:
    ids = ["manual__2026-03-01T10:00:00+00:00", "manual__2026-03-01T10:00:01+00:00", "a/b c"]
    named = [common.run_id_of(run_id) for run_id in ids]
    assert named[0] == "manual__2026-03-01T10-00-00+00-00"
    assert named[2] == "a-b-c"
    assert len(set(named)) == len(ids)


def test_what_is_null_is_left_to_other_sources(common: ModuleType) -> None:
    values = {"input": "x", "collection": None, "engine": {"kind": None}, "shards": {"pages": 0}}
    assert common.nested_without_nulls(values) == {"input": "x", "shards": {"pages": 0}}


def test_unknown_keys_are_named(common: ModuleType) -> None:
    with pytest.raises(SettingsError, match="inptu"):
        common.refuse_unknown_keys({"inptu": 1, "output": 2}, ["input", "output"])
    common.refuse_unknown_keys({"output": 2}, ["input", "output"])


def test_a_run_knows_what_the_last_update_of_its_asset_said(common: ModuleType) -> None:
    from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult
    from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor

    def update(asset: Any, hour: int, **extra: str) -> AssetEventDagRunReferenceResult:
        return AssetEventDagRunReferenceResult(
            asset={"name": asset.name, "uri": asset.uri, "extra": {}},
            extra=extra,
            source_task_id="publish",
            source_dag_id="dataset_refresh",
            source_run_id="june",
            source_map_index=-1,
            source_aliases=[],
            timestamp=datetime(2026, 6, 1, hour, tzinfo=UTC),
        )

    dataset = common.DATASET
    updates = [update(dataset, 9, url="new"), update(dataset, 8, url="old")]
    others = [update(common.RESULTS, 10, url="results")]
    context = {"triggering_asset_events": TriggeringAssetEventsAccessor.build(updates + others)}
    assert common.told_of(dataset, context) == {"url": "new"}
    without = {"triggering_asset_events": TriggeringAssetEventsAccessor.build(others)}
    for none in (without, {"triggering_asset_events": None}, {}):
        assert common.told_of(dataset, none) == {}
