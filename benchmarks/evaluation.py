"""How well and how fast recognisers read labelled lines: the built-in one, and models of your own.

usage: evaluation.py DATASET [--part val] [--model FOLDER …] [--kind openvino] [--page FOLDER]

DATASET is a folder in the layout MSTextRecDataset. Each model reads the lines of the part as pages
are read; models are folders with an ``inference.onnx``. With ``--page`` the HTML page of the
evaluation is written there.
"""

import argparse

from rich.console import Console

from ocr_tasks import storage
from ocr_tasks.dataset.groups import GroupSpec
from ocr_tasks.dataset.image_rules import LimitSpec
from ocr_tasks.dataset.reading import read_dataset
from ocr_tasks.dataset.samples import LayoutSpec
from ocr_tasks.engines.loading import load_engine
from ocr_tasks.engines.spec import EngineSpec
from ocr_tasks.evaluation.evaluate import EvaluationSpec, evaluate
from ocr_tasks.evaluation.outputs import write_evaluation
from ocr_tasks.evaluation.tables import evaluation_tables

LIMITS = LimitSpec()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("--part", default="val")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--kind", default="auto")
    parser.add_argument("--page")
    args = parser.parse_args()
    dataset = read_dataset(args.dataset, LayoutSpec(), GroupSpec())
    reports = {}
    for model in [None, *args.model]:
        engine = load_engine(EngineSpec(kind=args.kind, rec_model=model))
        spec = EvaluationSpec(part=args.part)
        reports[model or "built in"] = evaluate(dataset, engine, spec, LIMITS)
    console = Console(width=140)
    for table in evaluation_tables(reports):
        console.print(table)
    if args.page:
        write_evaluation(storage.absolute(args.page), args.part, reports, dataset, LIMITS)


if __name__ == "__main__":
    main()
