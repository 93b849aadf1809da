"""What a benchmark and its processes have cost so far."""

import resource

EVERYONE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # of the children those that have ended


def cpu_seconds() -> float:
    """User and system time of this process and of its children."""
    used = [resource.getrusage(who) for who in EVERYONE]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_mb() -> float:
    """The most that any one of them held, in megabytes."""
    return max(resource.getrusage(who).ru_maxrss for who in EVERYONE) / 1000
