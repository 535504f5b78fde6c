"""Fitting, calibrating and measuring routers. The running gateway imports none of it."""
