"""`python -m vanta.cli` is the same as `vanta`."""

import sys

from vanta.cli import main

sys.exit(main())
