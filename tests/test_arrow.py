"""Arrow without pandas."""

import subprocess
import sys
from pathlib import Path

import pytest

CONVERSIONS = """
pa.array(["a"]); pa.scalar("a"); pa.Table.from_pylist([{"a": [1.5]}])
pc.equal(pa.array(["a"]), "a")
"""


@pytest.mark.parametrize("left_out", [True, False])
def test_pandas_is_imported_unless_it_is_left_out(left_out):
    code = f"""
import sys
import pyarrow as pa, pyarrow.compute as pc
from ocr_tasks.arrow import leave_out_pandas
{"leave_out_pandas()" if left_out else ""}
{CONVERSIONS}
sys.exit("pandas" in sys.modules)
"""
    assert python(code) == (0 if left_out else 1)


def test_pandas_can_be_imported_afterwards_and_is_left_alone_where_it_was():
    code = """
import pyarrow as pa
from ocr_tasks.arrow import leave_out_pandas
leave_out_pandas()
import pandas
leave_out_pandas()
assert pa.table({"a": [1]}).to_pandas().to_dict("list") == {"a": [1]}
"""
    assert python(code) == 0


def python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode
