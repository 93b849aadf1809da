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
        values = cls.translated(_yaml_file(config)) if config else {}
        values = merged(values, _environment(cls))
        return cls.revive(merged(values, cls.translated(overrides or {})))

    @classmethod
    def translated(cls, values: Values) -> Values:
        """Nested values of a file or of overrides by our names; a job may know others for them."""
        return values

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
            value: Any = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SettingsError(f"{key}: the value is no YAML: {_yaml_fault(error)}") from error
        values = merged(values, nested({key.strip(): value}))
    return values


def digest_of(values: Any) -> str:
    """The sha256 of JSON values, whatever the order of their keys."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def merged(below: Values, above: Values) -> Values:
    """Both, mapping by mapping; where they disagree, ``above``."""
    both = dict(below)
    for key, value in above.items():
        old = both.get(key)
        both[key] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return both


def flattened(values: Values, prefix: str = "") -> Values:
    """``{"engine": {"device": "cpu"}}`` as ``{"engine.device": "cpu"}``."""
    flat: Values = {}
    for key, value in values.items():
        nested = isinstance(value, dict) and value
        flat |= flattened(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat


def nested(flat: Values) -> Values:
    """``{"engine.device": "cpu"}`` as ``{"engine": {"device": "cpu"}}``."""
    values: Values = {}
    for key, value in flat.items():
        for name in reversed(key.split(".")):
            value = {name: value}
        values = merged(values, value)
    return values


def _environment(settings: type[BaseSettings]) -> Values:
    try:
        return EnvSettingsSource(settings)()
    except UnparsedError as error:  # a whole section in one variable is JSON
        raise SettingsError(f"{error}: {error.__cause__}") from error


def _yaml_file(path: str) -> Values:
    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {path}: {error}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"cannot read {path}: {_yaml_fault(error)}") from error
    if not isinstance(values, dict | None):
        raise SettingsError(f"{path} holds no settings but a {type(values).__name__}")
    return values or {}


def _yaml_fault(error: yaml.YAMLError) -> str:
    """What is wrong and where, without the text around it, which may hold a secret."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return type(error).__name__
    return f"line {error.problem_mark.line + 1}: {error.problem}"


def _readable(error: ValidationError) -> str:
    """What is wrong, a key a line, without pydantic's addresses."""
    faults = []
    for fault in error.errors(include_url=False):
        key = ".".join(str(part) for part in fault["loc"])
        unknown = fault["type"] in {"extra_forbidden", "unexpected_keyword_argument"}
        message = "there is no such setting" if unknown else fault["msg"]
        faults.append(f"{key}: {message}")
    return "; ".join(faults)
