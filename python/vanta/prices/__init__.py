"""Price sources: where quotes begin."""
