"""python -m marketplace.sandbox: the sandbox on its own; docs/sandbox.md has its settings.

Becomes the web server, which is one process: the messages it sends are kept in order by one thread.
"""

import os
import sys

from marketplace.sandbox.environment import environment


def main() -> None:
    found = environment()
    os.environ["DJANGO_SETTINGS_MODULE"] = "marketplace.sandbox.settings"
    words = ["granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "16"]
    words += [
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "5",
        "--host",
        found.host,
        "--port",
        str(found.port),
    ]
    os.execv(sys.executable, [sys.executable, "-m", *words, "marketplace.sandbox.wsgi:application"])  # noqa: S606


main()
