"""The base of every job's settings: a file, over it the environment, over that the overrides."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as UnparsedError

from ocr_tasks.errors import SettingsError

Values = dict[str, Any]


class JobSettings(BaseSettings):
    """Settings that refuse what they do not know.

    ``OCR_TASKS_ENGINE__DEVICE=gpu:0`` in the environment is ``engine.device: gpu:0`` in the file.
    The environment counts only in ``load``: settings that a run was planned with are revived as
    they were.
    """

    model_config = SettingsConfigDict(
        env_prefix="OCR_TASKS_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,  # -o collection=1884
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given; ``load`` reads the other sources."""
        return (init_settings,)

    @classmethod
    def load(cls, config: str | None = None, overrides: Values | None = None) -> Self:
        """Settings from a YAML file, over it the environment, over that nested ``overrides``.

        Raises:
            SettingsError: a key is unknown, a value is wrong, or the file cannot be read.
        """
        values = _yaml_file(config) if config else {}
        values = _merged(values, _environment(cls))
        return cls.revive(_merged(values, overrides or {}))

    @classmethod
    def revive(cls, values: Values) -> Self:
        """Settings from nested values alone.

        Raises:
            SettingsError: a key is unknown or a value is wrong.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsError(_readable(error)) from error
        except TypeError as error:
            raise SettingsError(str(error)) from error


def parse_overrides(pairs: Iterable[str]) -> Values:
    """``["engine.device=gpu:0"]`` as ``{"engine": {"device": "gpu:0"}}``; values are YAML.

    Raises:
        SettingsError: a pair has no ``=``, or its value is no YAML.
    """
    values: Values = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key.strip():
            raise SettingsError(f"{pair!r} is not of the form key=value")
        try:
            nested: Any = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SettingsError(f"{pair!r}: the value is no YAML: {error}") from error
        for name in reversed(key.strip().split(".")):
            nested = {name: nested}
        values = _merged(values, nested)
    return values


def digest_of(values: Any) -> str:
    """The sha256 of JSON values, whatever the order of their keys."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _merged(below: Values, above: Values) -> Values:
    """Both, mapping by mapping; where they disagree, ``above``."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            value = _merged(old, value)
        merged[key] = value
    return merged


def _environment(settings: type[BaseSettings]) -> Values:
    try:
        return EnvSettingsSource(settings)()
    except UnparsedError as error:  # a whole section in one variable is JSON
        raise SettingsError(f"{error}: {error.__cause__}") from error


def _yaml_file(path: str) -> Values:
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"cannot read {path}: {error}") from error
    if not isinstance(values, dict | None):
        raise SettingsError(f"{path} holds no settings but a {type(values).__name__}")
    return values or {}


def _readable(error: ValidationError) -> str:
    """What is wrong, a key a line, without pydantic's addresses."""
    faults = []
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        unknown = fault["type"] in {"extra_forbidden", "unexpected_keyword_argument"}
        message = "there is no such setting" if unknown else fault["msg"]
        faults.append(f"{key}: {message}")
    return "; ".join(faults)
