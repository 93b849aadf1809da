"""Suites of expectations, held against tables by Great Expectations."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# Nobody is told what is checked here. It is read when the package is imported, which takes
# seconds, so that only functions do so.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

Json = dict[str, Any]
Suite = Sequence["Expectation"]


def hold(tables: Mapping[str, pa.Table], suites: Mapping[str, Suite]) -> Json:
    """Holds each suite against the table of its name; every expectation with what was observed.

    ``success`` says whether all were met, ``failed`` names those that were not, in words.
    Nothing is kept anywhere, and nobody is told: the context lives in this process alone.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("tables")
    results = {}
    for name, expectations in suites.items():
        asset = source.add_dataframe_asset(name)
        definition = asset.add_batch_definition_whole_dataframe("all")
        batch = definition.get_batch({"dataframe": tables[name].to_pandas()})
        suite = gx.ExpectationSuite(name=name, expectations=list(expectations))
        results[name] = batch.validate(suite).to_json_dict()
    failed = [
        f"{name}: {_in_words(result)}"
        for name, answer in results.items()
        for result in answer["results"]
        if not result["success"]
    ]
    return {"success": not failed, "failed": failed, "suites": results}


def _in_words(result: Json) -> str:
    """An expectation that was not met: what was expected, of what, and what was found."""
    config, found = result["expectation_config"], result["result"]
    kwargs = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    limits = ", ".join(f"{key} {value}" for key, value in kwargs.items())
    fault = (result.get("exception_info") or {}).get("exception_message")
    seen = fault or found.get("observed_value", found.get("unexpected_count"))
    return f"{config['type']} ({limits}): found {seen}"
