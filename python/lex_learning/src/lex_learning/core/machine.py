"""What this machine has."""

from __future__ import annotations

import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def core_count(n_jobs: int) -> int:
    """Cores that `n_jobs` stands for: itself, or all that this process may use for -1."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return available if n_jobs == -1 else n_jobs


def free_memory() -> int | None:
    """Bytes that this process and its workers may still take, or None where that is unknown.

    On Linux what the kernel calls available, within the limit of a container.
    """
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    try:
        limit = int((_CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        # Files that are kept in memory give way.
        facts = (_CGROUP / "memory.stat").read_text(encoding="ascii").split()
        used -= sum(int(facts[facts.index(name) + 1]) for name in ("active_file", "inactive_file"))
    except (OSError, ValueError):  # no container, or "max"
        return free
    return min(free, max(0, limit - used))


def memory_reason(needed: int) -> str | None:
    """Why a fit that needs so many bytes cannot be, or None."""
    free = free_memory()
    if free is None or needed <= free:
        return None
    return f"a fit would take about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"
