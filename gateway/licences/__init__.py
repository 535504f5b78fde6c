"""Licences of models: what they oblige to, as data."""
