"""Placeholders in the place of found values, and values in the place of placeholders. Pure: opens and asks nothing."""
