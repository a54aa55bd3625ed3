"""Vanta: a self-hosted trading engine over a Rust core."""
