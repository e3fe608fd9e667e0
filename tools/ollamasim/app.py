"""The server: Ollama's paths, and `/sim/` to steer it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tools.ollamasim.answering import chosen, vector
from tools.ollamasim.misbehaving import BEHAVIOURS, CONTENTS, content
from tools.ollamasim.models import AT_FIRST, SimModel, tagged

VERSION: Final = "0.12.3"
_CREATED_AT: Final = "2026-11-02T12:00:00.123456789Z"
_REMEMBERED: Final = 1_000
_ON: Final = frozenset({"chat", "embed", "tags"})

# A test's own way to answer a chat; a `None` would not say which call it leaves alone.
Instead = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Config:
    """
    How it behaves: `behaviour` for the next `times` calls (`None`: for ever) of the kinds in `on`,
    each after `delay_s`.
    """

    behaviour: str = "well"
    times: int | None = None
    delay_s: float = 0.0
    on: tuple[str, ...] = ("chat", "embed")

    def told(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "behaviour": self.behaviour,
            "times": self.times,
            "delay_s": self.delay_s,
            "on": list(self.on),
        }


@dataclass(slots=True)
class Simulator:
    """What it has, how it behaves, and what it was asked."""

    models: list[SimModel] = field(default_factory=lambda: list(AT_FIRST))
    config: Config = field(default_factory=Config)
    instead: Instead | None = None
    asked: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    counts: Counter[str] = field(default_factory=Counter)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    open_now: int = 0
    most_open: int = 0

    def model(self, name: str) -> SimModel | None:
        """Return the model of that name, if it has it."""
        return next((one for one in self.models if one.name == tagged(name)), None)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serve POST /api/chat."""
        return await self._answered("chat", request, self._chat)

    async def embed(self, request: web.Request) -> web.StreamResponse:
        """Serve POST /api/embed."""
        return await self._answered("embed", request, self._embed)

    async def show(self, request: web.Request) -> web.Response:
        """Serve POST /api/show."""
        body = await _json(request)
        model = self.model(str(body.get("model") or body.get("name") or ""))
        return web.json_response(model.shown()) if model else _not_found(body)

    async def tags(self, request: web.Request) -> web.StreamResponse:
        """Serve GET /api/tags."""
        behaviour = self._behaviour("tags")
        if behaviour in BEHAVIOURS:
            return await BEHAVIOURS[behaviour](request, {})
        return web.json_response({"models": [one.listed() for one in self.models]})

    async def ps(self, _request: web.Request) -> web.Response:
        """Serve GET /api/ps: what it has been asked for is loaded."""
        loaded = {tagged(str(body.get("model"))) for body in self.asked}
        found = [one.running() for one in self.models if one.name in loaded]
        return web.json_response({"models": found})

    async def version(self, _request: web.Request) -> web.Response:
        """Serve GET /api/version."""
        return web.json_response({"version": VERSION})

    async def root(self, _request: web.Request) -> web.Response:
        """Serve GET /."""
        return web.Response(text="Ollama is running")

    async def configure(self, request: web.Request) -> web.Response:
        """Serve PUT /sim/config."""
        body = await _json(request)
        known = {"well", *BEHAVIOURS, *CONTENTS}
        config = Config(**{**self.config.told(), **body})
        if config.behaviour not in known or not set(config.on) <= _ON:
            error = f"behaviour: one of {', '.join(sorted(known))}; on: {', '.join(sorted(_ON))}"
            return web.json_response({"error": error}, status=400)
        self.config = config
        return web.json_response(config.told())

    async def configuration(self, _request: web.Request) -> web.Response:
        """Serve GET /sim/config."""
        return web.json_response(self.config.told())

    async def calls(self, _request: web.Request) -> web.Response:
        """Serve GET /sim/calls: how many of each kind, and the latest bodies."""
        return web.json_response(
            {"counts": dict(self.counts), "most_open": self.most_open, "asked": list(self.asked)}
        )

    async def was_asked(self, times: int) -> None:
        """Wait until it was asked `times` times in all."""
        async with self.news, asyncio.timeout(30):
            await self.news.wait_for(lambda: self.counts.total() >= times)

    async def _answered(
        self,
        kind: str,
        request: web.Request,
        answer: Callable[[Mapping[str, Any], str], web.Response],
    ) -> web.StreamResponse:
        body = await _json(request)
        async with self.news:
            self.counts[kind] += 1
            self.asked.append(body)
            self.news.notify_all()
        if self.model(str(body.get("model"))) is None:
            return _not_found(body)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            if kind == "chat" and self.instead is not None:
                return await self.instead(request)
            behaviour = self._behaviour(kind)
            await asyncio.sleep(self.config.delay_s)
            if behaviour in BEHAVIOURS:
                return await BEHAVIOURS[behaviour](request, body)
            return answer(body, behaviour)
        finally:
            self.open_now -= 1

    def _behaviour(self, kind: str) -> str:
        config = self.config
        if kind not in config.on or config.behaviour == "well":
            return "well"
        if config.times is not None:
            if config.times <= 0:
                return "well"
            config.times -= 1
        return config.behaviour

    def _chat(self, body: Mapping[str, Any], behaviour: str) -> web.Response:
        model = self.model(str(body.get("model")))
        if model is None or "completion" not in model.capabilities:
            error = f'"{body.get("model")}" does not support chat'
            return web.json_response({"error": error}, status=400)
        messages = body.get("messages") or []
        said = chosen(messages, body.get("format"))
        if behaviour in CONTENTS:
            said = content(behaviour, json.loads(messages[-1]["content"]))
        answer = {
            "model": body["model"],
            "created_at": _CREATED_AT,
            "message": {"role": "assistant", "content": said},
        }
        if body.get("stream", True):
            return _streamed(answer)
        return web.json_response(answer | _DONE)

    def _embed(self, body: Mapping[str, Any], _behaviour: str) -> web.Response:
        model = self.model(str(body.get("model")))
        if model is None or not model.dimensions:
            error = "this model does not support embeddings"
            return web.json_response({"error": error}, status=501)
        given = body.get("input", "")
        texts = [given] if isinstance(given, str) else list(given)
        return web.json_response(
            {
                "model": body["model"],
                "embeddings": [vector(text, model.dimensions) for text in texts],
                "total_duration": 14_143_917,
                "load_duration": 1_019_500,
                "prompt_eval_count": sum(len(text.split()) for text in texts),
            }
        )


_DONE: Final = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 412_000_000,
    "load_duration": 9_000_000,
    "prompt_eval_count": 180,
    "prompt_eval_duration": 210_000_000,
    "eval_count": 9,
    "eval_duration": 150_000_000,
}


def make_app(simulator: Simulator) -> web.Application:
    """Return the application that serves `simulator`."""
    app = web.Application(client_max_size=64 * 2**20)
    app.add_routes(
        [
            web.get("/", simulator.root),
            web.get("/api/version", simulator.version),
            web.get("/api/tags", simulator.tags),
            web.get("/api/ps", simulator.ps),
            web.post("/api/show", simulator.show),
            web.post("/api/chat", simulator.chat),
            web.post("/api/embed", simulator.embed),
            web.get("/sim/config", simulator.configuration),
            web.put("/sim/config", simulator.configure),
            web.get("/sim/calls", simulator.calls),
        ]
    )
    return app


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        text = json.dumps({"error": "invalid JSON"})
        raise web.HTTPBadRequest(text=text, content_type="application/json")
    return body


def _not_found(body: Mapping[str, Any]) -> web.Response:
    return web.json_response({"error": f"model '{body.get('model')}' not found"}, status=404)


def _streamed(answer: dict[str, Any]) -> web.Response:
    """Return the answer as newline-delimited JSON: what is said, and that it is done."""
    last = answer | _DONE | {"message": {"role": "assistant", "content": ""}}
    lines = "".join(f"{json.dumps(one)}\n" for one in (answer | {"done": False}, last))
    return web.Response(text=lines, content_type="application/x-ndjson")
