"""Kinds of detector: what private content does a text hold? One file, one kind."""
