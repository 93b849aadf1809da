"""Asks whether a locked package has a known vulnerability: `make audit`.

Exit code 0: audited, none is known. 1: some are known. 2: nothing is known, as it could not be
audited; that is said, and never passes for a clean result.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 2


def audit(lock: Path) -> int:
    """Audits the packages of a lock file, prints what was found, returns the exit code."""
    options = ["--strict", "--disable-pip", "--require-hashes", "--format", "json"]
    asked = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pip_audit", *options, "--progress-spinner", "off", "-r", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (asked.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        print(f"NOT AUDITED: {reason}")
        return NOT_AUDITED
    known = [(package, fault) for package in packages for fault in package.get("vulns", [])]
    for package, fault in known:
        fixed = ", ".join(fault["fix_versions"]) or "no release yet"
        print(f"{package['name']} {package['version']}: {fault['id']}, fixed in {fixed}")
    print(f"audited {len(packages)} packages: {len(known)} known vulnerabilities")
    return VULNERABLE if known else CLEAN


if __name__ == "__main__":
    sys.exit(audit(LOCK))
