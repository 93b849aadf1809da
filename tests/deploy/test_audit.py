"""The audit of locked packages: it never says clean without having looked."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

AUDIT = Path(__file__).parents[2] / "deploy" / "audit.py"
CLEAN = {"name": "clean", "version": "1.0", "vulns": []}
BAD = {
    "name": "bad",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": [], "description": "bad"}],
}


@pytest.fixture
def audited(tmp_path):
    """The audit with pip-audit's answer given; returns its exit code and what it printed."""

    def run(answer, **environment):
        if answer is not None:
            module = tmp_path / "pip_audit"
            module.mkdir()
            (module / "__init__.py").touch()
            (module / "__main__.py").write_text(f"print({answer!r})")
            environment["PYTHONPATH"] = str(tmp_path)
        done = subprocess.run(
            [sys.executable, AUDIT],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout

    return run


def test_packages_without_vulnerabilities_are_clean(audited):
    code, said = audited(json.dumps({"dependencies": [CLEAN], "fixes": []}))
    assert (code, said) == (0, "audited 1 packages: 0 known vulnerabilities\n")


def test_a_vulnerable_package_is_named_with_its_remedy(audited):
    code, said = audited(json.dumps({"dependencies": [CLEAN, BAD], "fixes": []}))
    assert code == 1
    assert "bad 2.0: PYSEC-1, fixed in 2.1" in said


def test_an_answer_that_cannot_be_read_is_no_clean_result(audited):
    code, said = audited("it went wrong")
    assert code == 2
    assert said.startswith("NOT AUDITED")


def test_without_a_network_the_real_pip_audit_says_that_it_could_not_audit(audited):
    nowhere = "http://127.0.0.1:9"
    code, said = audited(None, HTTPS_PROXY=nowhere, HTTP_PROXY=nowhere, NO_PROXY="")
    assert code == 2
    assert said.startswith("NOT AUDITED")
