"""Kinds of judge: is an answer good enough? One file, one kind."""
