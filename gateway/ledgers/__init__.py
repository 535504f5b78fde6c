"""Kinds of ledger: the books. One file, one kind."""
