"""Every benchmark, one after the other."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "matching",
    "sqs_client",
    "limits",
    "ingress",
    "router",
    "sender",
    "dryrun",
    "intents",
    "latency",
    "intents_load",
    "rls",
    "funnel",
    "memory",
)

for name in BENCHMARKS:
    subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)
