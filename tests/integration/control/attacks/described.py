"""
The API's description, walked: each operation with requests that are made from what it says.

No operation is named to be found. What is made of a schema is the least that it takes; where that
is nothing to work with, `BODIES` has what an operation needs to do something.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.integration.db.users import Role

DESCRIPTION: Final = Path(__file__).parents[4] / "docs" / "openapi.json"
_METHODS: Final = ("get", "put", "post", "patch", "delete")
_STEP: Final = {"kind": "private_reply", "variants": [{"text": "Here you are"}]}
DEFINITION: Final = {
    "trigger": {"kind": "comment", "keywords": {"include": ["link"]}},
    "steps": [_STEP],
}

# What says more than its schema: `{names}` stand for ids.
BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    "orderCampaigns": {"campaign_ids": ["{campaign_id}"]},
    "duplicateCampaign": {"name": "x", "account_id": "{account_id}"},
    "importCampaign": {
        "content": json.dumps({"switchboard": "campaign.v1", "name": "x", "definition": DEFINITION})
    },
    "publishCampaign": {"definition": DEFINITION},
    "lintCampaign": {"definition": DEFINITION},
    "lintDefinition": {"definition": DEFINITION},
    "tryCampaign": {"definition": DEFINITION, "days": 1},
    "tryDefinition": {"definition": DEFINITION, "days": 1},
    "saveDraft": {"draft": DEFINITION},
    "createCampaign": {"name": "x", "draft": DEFINITION},
    "inviteMember": {"email": "eve@example.com", "role": "viewer"},
    "changeRole": {"role": "editor"},
    "makeApiKey": {"name": "x", "role": "viewer"},
    "changeContact": {"tags": ["vip"]},
    "changeAccountSettings": {"takeover_s": 3600},
    "createIntent": {"name": "x", "examples": ["where are you?"]},
    "changeIntent": {"examples": ["how much is it?"]},
    "checkIntents": {"intents": [{"name": "x", "examples": ["y"]}]},
    "beginInstagramLogin": {"account_id": "{account_id}"},
    "redriveDeadLetters": {"queue": "events", "message_ids": ["{event_id}"]},
    "tryWebhook": {"url": "https://127.0.0.1:1/"},
    "redriveAnyDeadLetters": {"queue": "events", "message_ids": ["m"]},
    "decideDelivery": {"verdict": "cancel"},
    "askForExport": {"kind": "workspace"},
    "labelEvent": {"intent": "price"},
    "deleteWorkspace": {"name": "another name"},
}

# The least role that may, by what is told of it and not by what is found: of what is read, what
# only admins see; of what is written, by its chapter, and what is otherwise in it.
ADMINS_READ: Final = {"API keys", "audit", "dead letters", "doctor", "exports"}
WRITES: Final[Mapping[str, Role]] = {
    "campaigns": "editor",
    "intents": "editor",
    "contacts": "editor",
    "deliveries": "editor",
    "accounts": "admin",
    "members": "admin",
    "API keys": "admin",
    "dead letters": "admin",
    "exports": "admin",
    "instagram": "admin",
    "webhooks": "admin",
    "workspaces": "owner",
}
OTHERWISE: Final[Mapping[str, Role]] = {
    "listInvitations": "admin",
    "exportContact": "admin",
    "eraseContact": "admin",
    "listAccountJobs": "admin",
    "tryAccountAgain": "editor",
}
# For whoever has logged in; what is theirs to do follows from what they send.
FOR_ALL: Final = {
    "readMe",
    "listWorkspaces",
    "createWorkspace",
    "acceptInvitation",
    "completeInstagramLogin",
}
# For whoever runs the installation, and for no role in a workspace.
FOR_OPERATORS: Final = {
    "listAllDeadLetters",
    "listDeadLetterDeeds",
    "redriveAnyDeadLetters",
    "examineInstallation",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as the description has it."""

    name: str
    method: str
    path: str
    chapter: str
    reads: bool
    schema: Mapping[str, Any] | None
    query: tuple[str, ...]

    @property
    def places(self) -> list[str]:
        """The names in its path."""
        return [part.strip("{}") for part in self.path.split("/") if part.startswith("{")]

    @property
    def least(self) -> Role:
        """The least role that may."""
        if self.name in OTHERWISE:
            return OTHERWISE[self.name]
        if self.reads:
            return "admin" if self.chapter in ADMINS_READ else "viewer"
        return WRITES[self.chapter]

    def at(self, ids: Mapping[str, str]) -> str:
        """Return its path with `ids` in their places."""
        path = self.path
        for name in self.places:
            path = path.replace(f"{{{name}}}", ids[name])
        if self.name == "readFunnel":
            path += "?from=2026-01-01&to=2026-01-02"
        return path

    def body(self, ids: Mapping[str, str]) -> Any:
        """Return what to send, with `ids` where something is named; `None`: nothing."""
        if self.schema is None:
            return None
        made = BODIES.get(self.name) or _least(self.schema)
        written = json.dumps(made)
        for name, known in ids.items():
            written = written.replace(f'"{{{name}}}"', json.dumps(known))
        return json.loads(written)

    @property
    def names_others(self) -> bool:
        """Whether what it takes, besides what the path begins with, can name something."""
        written = json.dumps(BODIES.get(self.name, {}))
        named = set(self.places[1:]) | set(re.findall('"{([a-z_]+)}"', written))
        return bool(named - {"version", "person_id", "name"})


def operations() -> list[Operation]:
    """Return all there are: what looks first, what sets before what adds, what removes last."""
    found = list(_operations(json.loads(DESCRIPTION.read_text())))
    order = ("get", "put", "patch", "post", "delete")
    return sorted(found, key=lambda one: (not one.reads, order.index(one.method)))


def _operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            if method not in _METHODS:
                continue
            content = one.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            yield Operation(
                name=one["operationId"],
                method=method,
                path=path,
                chapter=one["tags"][0],
                reads=method == "get" or bool(one.get("x-reads-only")),
                schema=None if schema is None else _whole(schema, schemas),
                query=tuple(
                    parameter["name"]
                    for parameter in one.get("parameters", [])
                    if parameter["in"] == "query"
                ),
            )


def _whole(schema: Any, schemas: Mapping[str, Any]) -> Any:
    """Return `schema` with what it refers to in its place."""
    if isinstance(schema, list):
        return [_whole(one, schemas) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    return {name: _whole(one, schemas) for name, one in schema.items()}


def _least(schema: Mapping[str, Any]) -> Any:  # noqa: PLR0911  one for each type there is
    """Return the least that is valid against `schema`."""
    if "anyOf" in schema:
        return _least(schema["anyOf"][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", next(iter(schema.get("enum", [None]))))
    match schema.get("type"):
        case "object":
            needed = schema.get("required", [])
            return {name: _least(schema["properties"][name]) for name in needed}
        case "array":
            return [_least(schema["items"])] * schema.get("minItems", 0)
        case "string":
            return "x" * max(1, schema.get("minLength", 1))
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return None
