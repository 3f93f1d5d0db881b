"""Rephrase: read → chunk → rewrite → assemble, one file or folder per stage."""
