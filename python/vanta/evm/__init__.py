"""The route over our own RPC."""
