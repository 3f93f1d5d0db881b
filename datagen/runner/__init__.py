"""The runner: keeps rows in flight, writes down completions, commits partitions. Knows no pipeline
by name."""
