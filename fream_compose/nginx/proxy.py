"""nginx as a release sees it: what it serves and what its files name."""

from fream_compose.nginx import include, maintenance, route_files
from fream_compose.nginx.candidate import Candidate
from fream_compose.nginx.maintenance import Maintenance
from fream_compose.nginx.reload import Reload
from fream_compose.release import LiveRelease, SetName


class Proxy(Candidate, Reload):
    """The proxy of one project."""

    def included(self) -> LiveRelease | None:
        """What the link names."""
        return include.read(self._directory)

    def put(self, live: LiveRelease | None) -> None:
        """Name a release for an nginx that is about to start. Raises ConfigurationError."""
        include.put(self._directory, live, self._services(live))

    def prepare(self) -> None:
        """Name nothing, where nothing was named yet. Raises ConfigurationError."""
        include.prepare(self._directory)

    def arm(self, name: SetName) -> None:
        """Have the other set answer where this live one does not. Raises ConfigurationError.

        Only while both run and are known to be good.
        """
        include.arm(self._directory, name)

    def disarm(self) -> None:
        """Have no set answer for another one. Raises ConfigurationError."""
        include.disarm(self._directory)

    def forget_earlier(self) -> None:
        """Remove what an earlier fream named the release with. Raises ConfigurationError."""
        include.forget_earlier(self._directory)

    def test(self, live: LiveRelease | None) -> None:
        """Check the configuration as it would be with this set live. Raises ProxyError."""
        self._test(lambda folder: include.put(folder, live))

    def put_routes(self, tested: bool) -> None:
        """Write the routes that the settings ask for; nginx has to read them.

        tested: by an nginx that runs. Raises ConfigurationError, and ProxyError when it refuses
        them; then nothing is changed.
        """
        if not route_files.differ(self._directory, self.routes):
            return
        if tested:
            self._test(lambda folder: route_files.put(folder, self.routes))
        route_files.put(self._directory, self.routes)

    def maintenance(self) -> Maintenance | None:
        """The maintenance that the files name; an allow list counts from nginx's next reload."""
        return maintenance.read(self._directory)

    def test_maintenance(self, wanted: Maintenance | None) -> None:
        """Check the configuration as it would be with its allow list. Raises ProxyError."""
        self._test(lambda folder: maintenance.put_list(folder, wanted))
