"""Kinds of classifier: how hard is a request? One file, one kind."""
