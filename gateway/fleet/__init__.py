"""Replicas of one backend: which are there, and which to ask next."""
