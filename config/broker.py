from urllib.parse import urlsplit


def broker_url(redis_url: str) -> str:
    """The URL that Celery (kombu) takes for what redis-py calls unix:///path?db=0; any other URL as it is."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    return f"redis+socket://{parts.path}?virtual_host={parts.query.removeprefix('db=') or '0'}"


def client_url(redis_url: str) -> str:
    """The URL that redis-py takes for Celery's redis+socket:///path?virtual_host=0; any other as it is."""
    parts = urlsplit(redis_url)
    if parts.scheme != "redis+socket":
        return redis_url
    return f"unix://{parts.path}?db={parts.query.removeprefix('virtual_host=') or '0'}"
