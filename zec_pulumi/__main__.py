"""``python -m zec_pulumi``: the command ``zec-pulumi``."""

from __future__ import annotations

import sys

from zec_pulumi.cli.main import main

sys.exit(main())
