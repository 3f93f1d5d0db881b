"""The runner: keeps rows in flight, writes down completions, commits partitions. Knows no pipeline
by name."""

import os

# Read when Ray is imported: without it Ray tells stdout of every actor that died, in a paragraph.
# What became of the rows stands in the run.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")
