"""The connection to MySQL, by the environment that fream's app.yaml gives."""

import os
import ssl
from pathlib import Path

from sqlalchemy import URL, create_engine


def engine():
    """Some connections, each tried before it is used."""
    # PyMySQL needs TLS, or one more package, for MySQL's usual way to log in.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return create_engine(
        URL.create(
            "mysql+pymysql",
            os.environ["FREAM_DB_USERNAME"],
            Path(os.environ["FREAM_DB_PASSWORD_FILE"]).read_text("utf-8"),
            os.environ["FREAM_DB_URL"],
            int(os.environ["FREAM_DB_PORT"]),
            os.environ["FREAM_DB_SCHEME"],
            {"charset": "utf8mb4"},
        ),
        connect_args={"ssl": context, "connect_timeout": 10},
        pool_pre_ping=True,
    )
