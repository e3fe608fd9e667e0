"""
Real servers for one machine: PostgreSQL, Redis, SQS.

Each is an async context manager that starts one server on the loopback address, waits until it
answers, and stops exactly the process it started. A server keeps its files in a `home`: the
directory it was given, which outlives it, or a temporary one, which does not.

    home/lock        held while somebody uses the home; the kernel frees it when they die
    home/server.pid  the server's process id, so that one left behind by a crash is found
    home/server.log  what the server wrote
    home/password    what its users log in with, readable by us alone
    home/data        the server's own files

A server dies with the process that started it, even if that one was killed by SIGKILL: Linux tells
the child (`launch`). Where the kernel can't, the next start on the same home stops what it finds.
"""

from dev.servers.failures import ServerFailed
from dev.servers.postgres import PostgresServer, embedded_postgres
from dev.servers.redis import RedisServer, embedded_redis
from dev.servers.sqs import SqsServer, embedded_sqs

__all__ = [
    "PostgresServer",
    "RedisServer",
    "ServerFailed",
    "SqsServer",
    "embedded_postgres",
    "embedded_redis",
    "embedded_sqs",
]
