"""
Language models: a chat model that chooses among names, an embedding model that places texts.

Both are served by an Ollama server, somewhere else: the model has a host of its own, and that host
may be slow, away, or not what it says it is. So every call has a deadline and every answer a
greatest size, nothing is followed elsewhere, and whatever goes wrong becomes `NoAnswer`.

This package is the only one that knows Ollama or its client.
"""

from switchboard.models.ollama import Chat, Embedding, Server, abilities, answer_schema, read_choice

__all__ = ["Chat", "Embedding", "Server", "abilities", "answer_schema", "read_choice"]
