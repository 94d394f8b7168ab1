"""What the figures were taken on."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("granian", "starlette", "fastapi", "psycopg", "strawberry-graphql", "duckdb", "great-expectations")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, versions, and how busy it is now (cores wanted by all, average of a minute)."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    psql = subprocess.run(["psql", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return {
        "processor": ", ".join(sorted(names)),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(memory, 1),
        "system": platform.system() + " " + platform.release(),
        "load": round(os.getloadavg()[0], 1),
        "versions": {
            "python": sys.version.split()[0],
            "postgresql": psql,
            **{name: version(name) for name in PACKAGES},
        },
    }
