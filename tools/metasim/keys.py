"""Where the running application keeps its simulator."""

from __future__ import annotations

from aiohttp import web

from tools.metasim.simulator import Simulator

SIM: web.AppKey[Simulator] = web.AppKey("sim", Simulator)
