"""What is in a run, asked of its shards: views and SQL, a summary, the audit. Nothing here writes
to a run."""
