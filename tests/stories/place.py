"""The names and ports of this run, so that several at once on one server do not meet.

Each worker of pytest-xdist has its own; so have two runs that are told other ones by
FREAM_E2E_NAME and FREAM_E2E_PORT.
"""

from __future__ import annotations

import os

from tests.ports import LAST, free_range

_WIDTH = 2600  # ports of one worker, all below those of outgoing connections
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
_first = int(os.environ.get("FREAM_E2E_PORT") or LAST + 1) + _WIDTH * int(_worker[2:] or 0)

NAME = "-".join(filter(None, (os.environ.get("FREAM_E2E_NAME", "fream-e2e"), _worker)))
FIRST_PORT = _first if "FREAM_E2E_PORT" in os.environ else free_range(2200, _first)
