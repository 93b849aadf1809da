"""What this machine's processor is, and what it computes in."""

import functools
import platform
import re
from pathlib import Path

BF16 = {"avx512_bf16", "amx_bf16"}  # x86 instructions that multiply bfloat16


def computes_in_bf16() -> bool:
    """Whether there are instructions for it. OpenVINO goes on without them, slower than in fp32."""
    return not BF16.isdisjoint(_instructions())


def computes_in_avx2() -> bool:
    """Whether there are instructions for eight numbers at a time."""
    return "avx2" in _instructions()


def processor_name() -> str:
    """What it calls itself, on Linux; elsewhere the kind of machine, as ``arm64``."""
    return _told_of("model name") or platform.machine()


@functools.cache
def _instructions() -> frozenset[str]:
    """The kinds of instructions that there are, on Linux; elsewhere nobody tells of any."""
    return frozenset(_told_of("flags").split())


def _told_of(what: str) -> str:
    """What Linux tells of the first core, or nothing."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{what}\s*:(.*)$", told, re.MULTILINE)
    return found[1].strip() if found else ""
