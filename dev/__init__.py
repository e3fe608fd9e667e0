"""
The local stack: everything Switchboard needs on one machine, without Docker and without root.

`servers` starts PostgreSQL, Redis and an SQS-compatible server from binaries that came with the
development environment; `platform` makes that PostgreSQL look like a Supabase project; `stack`
adds the queues, the migrations, the simulator and the services; `story` plays a short scene
through all of it. Nothing here is imported by a service or by the library.
"""
