"""What can be done with the local stack."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
from collections.abc import Iterator, Sequence

from dev.failures import EXPECTED, CannotRun
from dev.narrate import Narrator, Outcome
from dev.part import fail_with, keep_alive
from dev.seeds import DEMO_EMAIL, DEMO_PASSWORD
from dev.servers import embedded_postgres, embedded_redis, embedded_sqs
from dev.servers.home import write_private
from dev.simulator import open_simulator
from dev.stack import Stack, open_stack
from dev.story import Story
from dev.surroundings import read_surroundings

EXIT_NOT_HAPPENED = 1


async def run(hurry: asyncio.Event) -> int:
    """Run everything, play the story, and stay until cancelled; what falls is raised again."""
    narrator = Narrator()
    around = read_surroundings(os.environ, keeps=True)
    with _said_when_done(narrator):
        async with open_stack(around, narrator, hurry=hurry) as stack, asyncio.TaskGroup() as watch:
            for part in stack.parts:
                watch.create_task(keep_alive(part, narrator.say))
            try:
                await _play(stack, narrator)
            except EXPECTED as failure:
                narrator.say(str(failure), "red")
            _invite(stack, narrator)
            await asyncio.Event().wait()  # for ever, which Ctrl-C ends
    return 0


async def demo(hurry: asyncio.Event) -> int:
    """Run everything from nothing, play the story, and say what happened; 0 if all of it did."""
    narrator = Narrator()
    around = read_surroundings(os.environ, keeps=False)
    if not around.is_simulated:
        raise CannotRun(
            "the story is played on our own simulator: unset META_GRAPH_URL, META_API_URL and "
            "META_WWW_URL, or use `make run`"
        )
    async with open_stack(around, narrator, hurry=hurry) as stack:
        outcomes = await _unless_one_ends(stack, narrator)
    narrator.say()
    narrator.summarise(outcomes)
    return exit_code(outcomes)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0 if every step happened, and there were any."""
    happened = [outcome.happened for outcome in outcomes]
    return 0 if happened and all(happened) else EXIT_NOT_HAPPENED


async def servers(_hurry: asyncio.Event) -> int:
    """Run PostgreSQL, Redis and SQS from nothing, and print their addresses, for the tests."""
    narrator = Narrator()
    async with (
        embedded_postgres() as postgres,
        embedded_redis() as redis,
        embedded_sqs() as sqs,
    ):
        narrator.say(f"export TEST_DATABASE_URL={postgres.superuser_url}")
        narrator.say(f"export TEST_REDIS_URL={redis.url}")
        narrator.say(f"export TEST_AWS_ENDPOINT_URL={sqs.endpoint_url}")
        await asyncio.Event().wait()  # for ever, which Ctrl-C ends
    return 0


async def _play(stack: Stack, narrator: Narrator) -> list[Outcome]:
    """Play the story, if it is our simulator's stage; return what came of it."""
    if not stack.around.is_simulated:
        return []
    narrator.say()
    async with open_simulator(stack.around.metasim_url) as simulator:
        return await Story(simulator, stack, narrator.tell).play()


async def _unless_one_ends(stack: Stack, narrator: Narrator) -> list[Outcome]:
    """Play the story, and fail at once when a process ends meanwhile."""
    try:
        async with asyncio.TaskGroup() as group:
            watchers = [group.create_task(fail_with(part)) for part in stack.parts]
            outcomes = await _play(stack, narrator)
            for watcher in watchers:
                watcher.cancel()
    except* EXPECTED as failures:
        raise failures.exceptions[0] from None
    return outcomes


def _invite(stack: Stack, narrator: Narrator) -> None:
    around, environment = stack.around, stack.around.folder / "env"
    write_private(environment, _environment(stack))
    narrator.say()
    if around.is_simulated:
        narrator.say(f"Play a follower yourself:  {around.metasim_url}/", "bold")
    narrator.say(f"The API is at              {around.control_url}/v1")
    if around.lets_in:
        narrator.say(f"Log in at {around.supabase_url} as {DEMO_EMAIL}, {DEMO_PASSWORD}")
    narrator.say(f"Webhooks are taken at      {around.ingress_url}/webhooks/instagram")
    narrator.say(f"Ask why with               . {environment} && .venv/bin/switchboard --help")
    narrator.say(f"Logs are in                {around.log_of('*')}")
    narrator.say("Ctrl-C ends it.")


def _environment(stack: Stack) -> str:
    """Return what the command line needs of the environment, as a shell reads it."""
    needed = stack.around.of_command_line(stack.backing)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in needed.items())


@contextlib.contextmanager
def _said_when_done(narrator: Narrator) -> Iterator[None]:
    """Say that everything has been stopped, however it came to that."""
    try:
        yield
    finally:
        narrator.say("everything is stopped")
