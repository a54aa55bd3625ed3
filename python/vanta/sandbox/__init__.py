"""Everything a newcomer has not got: real servers on this machine, seeded, without a service."""
