"""`python -m tools.ollamasim`."""

from __future__ import annotations

import os

from aiohttp import web

from tools.ollamasim.app import Simulator, make_app


def main() -> None:
    """Serve on OLLAMASIM_HOST and OLLAMASIM_PORT (127.0.0.1 and 11434) until told to stop."""
    host = os.environ.get("OLLAMASIM_HOST", "127.0.0.1")
    port = int(os.environ.get("OLLAMASIM_PORT", "11434"))
    web.run_app(make_app(Simulator()), host=host, port=port, handler_cancellation=True)


if __name__ == "__main__":
    main()
