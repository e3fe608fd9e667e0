"""
Outgoing webhooks: what happened, told to a server of the owner's, signed.

Signed as Standard Webhooks has it, so that receivers can check it with a library they have. The
address is the owner's to choose and theirs to get wrong, so what is called is never a machine of
our own network, whatever a name resolves to at that moment (`addresses`).

This package is the only one that calls servers we do not know.
"""

from switchboard.hooks.addresses import is_public
from switchboard.hooks.client import (
    HookClient,
    HookFailed,
    HookForbidden,
    HookRefused,
    open_hooks,
)
from switchboard.hooks.signing import BadSecret, Hook, new_secret, signed_headers

__all__ = [
    "BadSecret",
    "Hook",
    "HookClient",
    "HookFailed",
    "HookForbidden",
    "HookRefused",
    "is_public",
    "new_secret",
    "open_hooks",
    "signed_headers",
]
