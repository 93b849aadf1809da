"""The command lines of reproducers: read by a shell, they are the words that were meant."""

import os
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_tasks.quarantine import reproducer
from ocr_tasks.settings import parse_overrides

HOSTILE = [
    "file:///a b/x;rm -rf $HOME.png",
    "file:///`id`/$(id)/'quoted'\"twice\"\\n",
    "file:///new\nline.pdf",
    "-o",
    "s3://bucket/reçu № 7 漢字.jpg",
    "file:///!history/*?[a]{b,c}~",
    "file:///cl\udcff/it's \\x41 \udce9.png",  # bytes that are no UTF-8
]


@pytest.mark.parametrize("where", HOSTILE)
def test_bash_reads_the_words_that_were_meant(where):
    line = reproducer(where, {"engine.det_model": "models/a b;id", "decode.max_pixels": 5})
    script = f'ocr-tasks() {{ printf "%s\\0" "$@"; }}; {line}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    words = os.fsdecode(done.stdout).split("\0")[:-1]
    assert words[:2] == ["ocr", where]
    assert parse_overrides(words[3::2]) == {
        "engine": {"det_model": "models/a b;id"},
        "decode": {"max_pixels": 5},
    }


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.text(), values)
def test_any_place_and_value_come_through_a_shell_line(where, value):
    words = shlex.split(reproducer(where, {"decode.x": value}))
    assert words[2] == where
    assert parse_overrides([words[4]]) == {"decode": {"x": value}}


@pytest.mark.parametrize(
    ("value", "word"),
    [
        pytest.param("gpu:0", "engine.x=gpu:0", id="a word as it is"),
        pytest.param("models/det-1.onnx", "engine.x=models/det-1.onnx", id="a path as it is"),
        pytest.param(72, "engine.x=72", id="a number"),
        pytest.param(1e-7, "engine.x=1.0e-07", id="a small number"),
        pytest.param(None, "engine.x=null", id="nothing"),
        pytest.param("null", 'engine.x="null"', id="a word that YAML takes for nothing"),
        pytest.param("12", 'engine.x="12"', id="a word that YAML takes for a number"),
        pytest.param(["file", "https"], 'engine.x=["file", "https"]', id="a list"),
    ],
)
def test_values_are_written_as_the_command_line_reads_them(value, word):
    assert shlex.split(reproducer("x", {"engine.x": value}))[-1] == word
