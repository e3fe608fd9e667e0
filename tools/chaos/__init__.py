"""
Chaos: the whole installation under load, while it is being broken; then it is judged.

    plan ─▶ run ─┬▶ stage      servers, simulator, services, each a process of its own
    (pure)       ├▶ people     who comment, write and tap, before the simulator
                 ├▶ breaking   kills, stops, empties; what SQS does wrong, at its door (`sqs_proxy`)
                 ├▶ draining   all is whole again, and time passes until nothing is left to do
                 └▶ judging    what people got, what was decided, what became of it (pure)

`plan` is a pure function of a seed: who does what when, and what breaks when. What then happens is
not, because real processes on a real machine meet in another order each time; a seed repeats what
was attempted, and a failure comes back often, not always.

`planted` starts a service with a mistake in it, to show that chaos finds it. Run by `make chaos`;
docs/chaos.md is for who reads what it says.
"""
