import os
from typing import Any

from psycopg.conninfo import conninfo_to_dict


def database_settings(url: str, *, pool_size: int) -> dict[str, Any]:
    """Django's DATABASES entry for a libpq connection URI (host may be a socket folder).

    `pool_size` 0 means one persistent connection a thread, as Celery's forking workers need. Every connection carries
    the time-outs of S-number "Long transaction": a statement 15 s, a lock 3 s, an idle transaction 30 s.
    """
    parts = conninfo_to_dict(url)
    options: dict[str, Any] = {
        "options": "-c statement_timeout=15s -c lock_timeout=3s -c idle_in_transaction_session_timeout=30s"
        " -c transaction_timeout=60s -c timezone=UTC",
        "connect_timeout": 5,
    }
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 5}
    for name in ("sslmode", "sslrootcert", "application_name"):
        if name in parts:
            options[name] = parts[name]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "tresen"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "CONN_MAX_AGE": 0 if pool_size else 600,
        "CONN_HEALTH_CHECKS": not pool_size,
        "OPTIONS": options,
        "TEST": {"NAME": f"test_{parts.get('dbname', 'tresen')}{os.environ.get('TEST_DB_SUFFIX', '')}"},
    }
