"""Nouns and ports: what every room talks about. No I/O, no clock, no environment."""
