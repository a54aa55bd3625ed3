"""The Avantis (Veranta) perpetuals venue on Base."""
