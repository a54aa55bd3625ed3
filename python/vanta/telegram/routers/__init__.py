"""Handlers, a router per topic. Each parses, asks the desk, and renders; none decides."""
