"""Prices and savings: pure arithmetic on exact integers."""
