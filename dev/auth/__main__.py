"""`python -m dev.auth`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
import sys

from aiohttp import web

from dev.auth.app import make_app
from dev.auth.letters import Letters
from dev.auth.settings import Settings
from dev.auth.tokens import Signer
from dev.auth.users import Users, is_ours
from switchboard.db.pool import open_pool
from switchboard.errors import Unavailable
from switchboard.settings import EXIT_BAD_SETTINGS, load


async def main() -> int:
    """Run the stand-in; return the exit code."""
    settings, stop = load(Settings), asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    async with open_pool(str(settings.auth_database_url), name="switchboard-dev-auth") as db:
        try:
            if not await is_ours(db):
                return _refuse("the database has a real project's Auth: set SUPABASE_URL to it")
        except Unavailable as failure:
            return _refuse(str(failure))
        signer = Signer(issuer=settings.issuer, lives_s=settings.auth_token_lives_s)
        app = make_app(Users(db), signer, Letters(), site_url=settings.auth_site_url)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.auth_host, settings.auth_port).start()
            await stop.wait()
        except OSError as error:
            return _refuse(f"AUTH_PORT: port {settings.auth_port}: {error.strerror}")
        finally:
            await runner.cleanup()
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"cannot start: {why}\n")
    return EXIT_BAD_SETTINGS


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
