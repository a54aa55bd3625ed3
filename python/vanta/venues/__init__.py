"""Ways to a venue; each folder holds one venue's executor."""
