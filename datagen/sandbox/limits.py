"""What a sandboxed command may use up.

Defaults are chosen for a rollout's shell and Python commands; servers get their own. The kernel
holds the limits per process, except `processes` (per sandbox) and `tmp_bytes` (per sandbox)."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one sandbox."""

    seconds: float = 60.0
    """Wall clock, after which everything inside is killed. Held by `run`; who starts a long-lived
    process holds its own."""
    cpu_s: int = 60
    """Processor seconds of each process."""
    data_bytes: int = 1024 * MIB
    """Private memory of each process. Not the address space: Node and Go reserve more of that than
    they use and don't start under such a limit."""
    processes: int = 128
    """Processes and threads inside."""
    file_bytes: int = 64 * MIB
    """Largest file that can be written."""
    tmp_bytes: int = 256 * MIB
    """What /tmp, which is memory, can hold."""
    disk_bytes: int = 512 * MIB
    """What the workspace can hold; looked at once a second by `run`."""
    output_bytes: int = MIB
    """Of stdout and of stderr; the command is killed beyond it."""
    open_files: int = 1024
    """Of each process."""
