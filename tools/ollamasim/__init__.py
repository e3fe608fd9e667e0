"""
A small Ollama, for tests and for machines without one: no weights, always the same answers.

It serves what the `ollama` client and our health checks ask of a server (`/api/chat`, `/api/embed`,
`/api/show`, `/api/tags`, `/api/ps`, `/api/version`), in Ollama's shapes and with its errors, and
misbehaves when told to (`PUT /sim/config`). README.md has the details.

It shares no code with Switchboard, so that a mistake of ours cannot cancel itself out.
"""
