"""Run as `python -m switchboard.cli`."""

import sys

from switchboard.cli.app import main

sys.exit(main())
