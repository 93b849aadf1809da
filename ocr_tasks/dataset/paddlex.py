"""PaddleX's configuration of a module, in the names of ours."""

from typing import Any

from ocr_tasks.dataset.samples import LINES, PAGES
from ocr_tasks.errors import SettingsError

Values = dict[str, Any]

# PaddleX's other sections, and other keys of Global, are about training and prediction.
SECTIONS = frozenset({"Global", "CheckDataset", "Train", "Evaluate", "Export", "Predict"})
CONVERT_KEYS = frozenset({"enable", "src_dataset_type"})
SPLIT_KEYS = frozenset({"enable", "train_percent", "val_percent"})
TYPE_OF_MODEL = {"_rec": LINES, "_det": PAGES}  # by the end of a model's name


def translated(values: Values) -> Values:
    """Nested values in which PaddleX's sections are replaced by what they mean here.

    Keys that are null, as most of CheckDataset is in PaddleX's own files, mean the default.

    Raises:
        SettingsError: CheckDataset asks for what is not done here.
    """
    ours = {key: value for key, value in values.items() if key not in SECTIONS}
    put_given(ours, _of_global(values.get("Global") or {}))
    put_given(ours, _of_check(values.get("CheckDataset") or {}))
    return ours


def _of_global(section: Values) -> Values:
    model = str(section.get("model") or "")
    types = [type_ for ending, type_ in TYPE_OF_MODEL.items() if model.endswith(ending)]
    return {
        "dataset": section.get("dataset_dir"),
        "output": section.get("output"),
        "layout": {"type": types[0] if types else None},
    }


def _of_check(section: Values) -> Values:
    convert, split = section.get("convert") or {}, section.get("split") or {}
    unknown = [f"CheckDataset.{key}" for key in section if key not in {"convert", "split"}]
    unknown += [f"CheckDataset.convert.{key}" for key in convert if key not in CONVERT_KEYS]
    unknown += [f"CheckDataset.split.{key}" for key in split if key not in SPLIT_KEYS]
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: there is no such setting")
    return {"convert": _of_convert(convert), "split": dict(split)}


def _of_convert(section: Values) -> Values:
    """The type of the source counts only where it is to be converted."""
    kind = section.get("src_dataset_type") if section.get("enable") else None
    return {"enable": section.get("enable"), "format": None if kind is None else str(kind).lower()}


def put_given(ours: Values, given: Values) -> None:
    """Adds what is not null; what was said in our own names stands."""
    for key, value in given.items():
        if isinstance(value, dict):
            inner = dict(ours.get(key) or {})
            put_given(inner, value)
            if inner:
                ours[key] = inner
        elif value is not None:
            ours.setdefault(key, value)
