"""One module per kind of vector file; each holds `FAMILIES`."""
