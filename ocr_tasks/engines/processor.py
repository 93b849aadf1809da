"""What this machine's processor computes in."""

import functools
import re
from pathlib import Path

BF16 = {"avx512_bf16", "amx_bf16"}  # x86 instructions that multiply bfloat16


def computes_in_bf16() -> bool:
    """Whether there are instructions for it. OpenVINO goes on without them, slower than in fp32."""
    return not BF16.isdisjoint(_instructions())


def computes_in_avx2() -> bool:
    """Whether there are instructions for eight numbers at a time."""
    return "avx2" in _instructions()


@functools.cache
def _instructions() -> frozenset[str]:
    """The kinds of instructions that there are, on Linux; elsewhere nobody tells of any."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    flags = re.search(r"^flags\s*:(.*)$", told, re.MULTILINE)
    return frozenset(flags[1].split()) if flags else frozenset()
