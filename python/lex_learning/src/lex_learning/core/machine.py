"""What this machine has."""

from __future__ import annotations

import os


def core_count(n_jobs: int) -> int:
    """Cores that `n_jobs` stands for: itself, or all that this process may use for -1."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return available if n_jobs == -1 else n_jobs
