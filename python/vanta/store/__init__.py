"""Postgres and Redis: one class per aggregate, its SQL beside its methods."""
