"""Operators and people at the controls: rights, step-up, limits, modes, the admin commands."""
