"""Runs a command where it can harm nothing: no network, no files but its own, bounded in time,
memory, processes and output.

There is one way to run and no fallback: where the layers don't hold, `Sandbox.require` refuses with
one line. `layers` says what they are. Not covered: bugs of the kernel itself (no seccomp filter, no
virtual machine), and the sum of memory over processes (limits are per process)."""

from datagen.sandbox.command import Bind, Sandbox
from datagen.sandbox.limits import Limits
from datagen.sandbox.running import Finished, kill, run, start

__all__ = ["Bind", "Finished", "Limits", "Sandbox", "kill", "run", "start"]
