"""Hand-written fakes: containers in memory, and nginx and the app as real small HTTP servers.

The contract tests hold them to the real thing.
"""

from tests.fakes.app import AT_ONCE, Behaviour, FakeApp
from tests.fakes.nginx import FakeNginx
from tests.fakes.project import FakeProject
from tests.fakes.stage import Stage
from tests.fakes.watcher import Watcher

__all__ = [
    "AT_ONCE",
    "Behaviour",
    "FakeApp",
    "FakeNginx",
    "FakeProject",
    "Stage",
    "Watcher",
]
