"""Kinds of backend: one file, one kind. A part imports floors 0 and 1 only."""
