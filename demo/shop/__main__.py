"""`python -m shop`: boot, serve, stop."""

from __future__ import annotations

import logging
import sys

from shop import app, behaviour, server
from shop.database import DatabaseError, Pool
from shop.migrate import migrate
from shop.mysql_store import MySqlStore
from shop.settings import DatabaseSettings, Settings, SettingsError, from_environment
from shop.store import ConstantStore, Store

logger = logging.getLogger("shop")


def main() -> int:
    """The exit code: 0 after a graceful stop, 1 when the shop could not start."""
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    # Its lines for every WebSocket and its own start and stop are noise beside ours.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        run(from_environment())
    except (SettingsError, DatabaseError) as error:
        print(f"the shop cannot start: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def run(settings: Settings) -> None:
    """Boot, serve until told to stop, and let go of everything."""
    logger.info("shop %s starting, profile %s", settings.version, settings.profile)
    server.handle_signals_while_booting(settings.knobs.on_sigterm)
    behaviour.boot(settings.knobs)
    store = open_store(settings.database)
    behaviour.schedule_crash(settings.knobs)
    server.serve(app.build(settings, store), settings)
    store.close()
    logger.info("stopped")


def open_store(database: DatabaseSettings | None) -> Store:
    """MySQL with its schema up to date, or the constant store."""
    if database is None:
        return ConstantStore()
    migrate(database)
    return MySqlStore(Pool(database))


if __name__ == "__main__":
    sys.exit(main())
