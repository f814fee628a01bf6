"""Whether requests go where the settings say, before a release relies on it."""

from fream_compose.errors import ConfigurationError
from fream_compose.nginx.proxy import Proxy


def reject_pending_routes(proxy: Proxy) -> None:
    """Raise ConfigurationError for routes that are set, and that nginx has not read.

    Raises ProxyError where it does not say.
    """
    if proxy.routes_pending():
        raise ConfigurationError(
            "nginx goes by other routes than are set (x-fream.services, assets, tls)",
            "What relies on them would not be served by them",
            next_step="fream reload",
        )
