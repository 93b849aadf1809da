"""What this machine's processor computes in."""

import functools
import re
from pathlib import Path

BF16 = {"avx512_bf16", "amx_bf16"}  # x86 instructions that multiply bfloat16


@functools.cache
def computes_in_bf16() -> bool:
    """Whether there are instructions for it, on Linux; elsewhere nobody tells, and it counts as no.

    OpenVINO goes on without them, slower than in fp32.
    """
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = re.search(r"^flags\s*:(.*)$", told, re.MULTILINE)
    return flags is not None and not BF16.isdisjoint(flags[1].split())
