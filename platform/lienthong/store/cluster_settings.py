"""PostgreSQL settings of the private cluster, fitted to the machine."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Profile = Literal["serve", "test", "sandbox"]

_MIB = 1024 * 1024
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

_COMMON: Mapping[str, str] = {
    "timezone": "Asia/Ho_Chi_Minh",
    "jit": "off",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "max_connections": "100",
    # People's data must not reach the log: no failed statement, no DETAIL line with key values.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_SERVE: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
    "wal_compression": "lz4",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "idle_in_transaction_session_timeout": "10min",
    "shared_preload_libraries": "pg_stat_statements",
}
# Durability buys nothing in a test: the cluster is thrown away.
_TEST: Mapping[str, str] = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# For SQL typed by people, over copies: small, nothing that cannot be interrupted, nothing worth waiting for.
_SANDBOX: Mapping[str, str] = {
    **_TEST,
    "shared_buffers": "64MB",
    "effective_cache_size": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "20",
    "max_prepared_transactions": "0",
    "temp_file_limit": "256MB",
    "join_collapse_limit": "6",
    "from_collapse_limit": "6",
    "geqo_threshold": "7",
    "max_stack_depth": "1MB",
    "restart_after_crash": "on",
    "max_wal_size": "256MB",
}


SANDBOX_MEMORY = 600 * _MIB
"""Of one process of a sandbox, shared memory and programs included."""


def memory_limit(profile: Profile) -> int | None:
    """Bytes that one process of the server may take; None: as many as there are."""
    return SANDBOX_MEMORY if profile == "sandbox" else None


def server_settings(profile: Profile, port: int, sockets: Path) -> str:
    """The text of a PostgreSQL configuration file for this machine."""
    own = {"test": _TEST, "sandbox": _SANDBOX}
    values = {**_COMMON, **(own.get(profile) or {**_SERVE, **_memory(_memory_bytes())})}
    values |= _cores(os.cpu_count() or 1 if profile != "sandbox" else 0)
    values |= {
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "dynamic_shared_memory_type": _shared_memory(),
    }
    lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in values.items())
    return "# Written at every start.\n" + "".join(lines)


def _memory_bytes() -> int:
    """Memory that this process may use: the machine's, or its control group's when that is less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(physical, int(_CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no control group, or "max"
        return physical


def _memory(total: int) -> dict[str, str]:
    """Memory settings for a machine that also runs the platform's other processes."""
    mib = total // _MIB
    return {
        "shared_buffers": f"{min(max(mib // 4, 64), 8192)}MB",
        "effective_cache_size": f"{max(mib // 2, 128)}MB",
        "work_mem": f"{min(max(mib // 400, 4), 64)}MB",
        "maintenance_work_mem": f"{min(max(mib // 16, 64), 1024)}MB",
    }


def _cores(cores: int) -> dict[str, str]:
    return {
        "max_worker_processes": str(cores + 8),
        "max_parallel_workers": str(cores),
        "max_parallel_workers_per_gather": str(max(cores // 2, min(cores, 1))),
        "max_parallel_maintenance_workers": str(max(cores // 2, min(cores, 1))),
    }


def _shared_memory() -> str:
    """Containers give /dev/shm 64 MB, too little for parallel queries, or none: files do instead."""
    try:
        shm = os.statvfs("/dev/shm")
        usable = bool(os.stat("/dev/shm").st_mode & stat.S_IWOTH)
    except OSError:
        return "mmap"
    return "posix" if usable and shm.f_frsize * shm.f_blocks >= 1024 * _MIB else "mmap"
