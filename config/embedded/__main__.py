"""python -m config.embedded: run Tresen. With a command: run that command on throwaway servers.

python -m config.embedded throwaway [--durable] COMMAND [ARGUMENT ...]
"""

import os
import sys

from config.embedded.supervisor import run
from config.embedded.throwaway import run_with_throwaway


def main(words: list[str]) -> int:
    if not words:
        return run(os.environ)
    if words[0] == "throwaway" and words[1:]:
        durable = words[1] == "--durable"
        command = words[2:] if durable else words[1:]
        if command:
            return run_with_throwaway(command, os.environ, durable=durable)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
