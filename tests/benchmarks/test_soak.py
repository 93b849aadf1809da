"""The benchmark of long runs, on a short one."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_soak_prints_the_curve_and_the_ratio_and_draws_them(tmp_path: Path) -> None:
    picture = tmp_path / "images" / "curve.svg"
    command = [sys.executable, "benchmarks/soak.py", "--pages", "6", "--part", "0.05"]
    soak = subprocess.run(
        [*command, "--draw", str(picture)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert soak.returncode == 0, soak.stderr
    assert soak.stdout.splitlines()[2].split()[0] == "6"
    assert "peak RSS at page 6 is 1.000 times that at page 6" in soak.stdout
    assert picture.read_text().lstrip().startswith("<?xml")
