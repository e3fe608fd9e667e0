"""
Writes `docs/settings.md` from the settings classes, so that the page cannot be wrong.

`python -m dev.settings_page` writes it; with `--check` it only tells whether it is up to date.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator, Sequence

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from dev.made_pages import DOCS, write_or_check
from services.classifier.settings import Settings as ClassifierSettings
from services.control.caretaker.settings import CaretakerSettings
from services.control.settings import Settings as ControlSettings
from services.ingress.settings import Settings as IngressSettings
from services.router.settings import Settings as RouterSettings
from services.sender.settings import Settings as SenderSettings
from switchboard.doctor.settings import DoctorSettings

PAGE = DOCS / "settings.md"

SERVICES: dict[str, type[BaseSettings]] = {
    "ingress": IngressSettings,
    "router": RouterSettings,
    "classifier": ClassifierSettings,
    "sender": SenderSettings,
    "control": ControlSettings,
    "control's caretaker": CaretakerSettings,
}

_HEAD = """\
# Settings

Everything comes from the environment. A value that cannot be right stops the process with one line
that names the variable and never shows the value. This page is generated: `make docs`.

Secrets (marked so) are never printed or logged. Lists are separated by commas; where several
secrets are accepted, the first is used and the others are for rotation.
"""

_STACK = """
## The local stack (`make run`, `make demo`)

These decide what is started on your machine. A server whose address is given is not started.

| variable | default | what it is |
| --- | --- | --- |
| `DATABASE_URL` | an embedded PostgreSQL | use this PostgreSQL, or Supabase's |
| `REDIS_URL` | an embedded Redis | use this Redis or Valkey |
| `AWS_ENDPOINT_URL` | an embedded SQS server | use this SQS-compatible server |
| `EXPORTS_URL` | a bucket of that server | keep exports there; none, with another server |
| `SUPABASE_URL` | a stand-in of its Auth | people log in at this project |
| `OLLAMA_HOST` | none | this Ollama, if it has the model; else intents go by their examples |
| `CONTROL_PORT` | 8000 | the dashboard's API |
| `INGRESS_PORT` | 8001 | where webhooks arrive |
| `METASIM_PORT` | 8002 | the simulator of Meta, and its page |
| `AUTH_PORT` | 8003 | the stand-in of Supabase Auth; its letters are at `/inbox` |
| `AUTH_TOKEN_LIVES_S` | 3600 | seconds that its access tokens are good: few, to see them end |
| `AUTH_SITE_URL` | control | where its letters lead, unless a local page asked |
| `SQS_PORT`, `POSTGRES_PORT`, `REDIS_PORT` | 4566, 55432, 56379 | the embedded servers |
| `ROUTER_HEALTH_PORT`, `CLASSIFIER_HEALTH_PORT`, `SENDER_HEALTH_PORT` | 8011, 8012, 8013 | health |
| `META_GRAPH_URL`, `META_API_URL`, `META_WWW_URL` | the simulator | another stand-in of Instagram |
| `CARETAKER` | on | `off`: nobody looks after accounts, and nobody logs in at Instagram |
| `LOCAL_DIR` | `.local` | where data, logs and secrets of the local stack are kept |
| `POSTGRES_BIN_DIR`, `REDIS_SERVER_BIN`, `MINISTACK_PYTHON` | as installed | other servers to run |

A port of 0 is one the system chooses. With another stand-in of Instagram neither the simulator nor
the story runs; `META_APP_SECRETS` and `META_VERIFY_TOKEN` must then be the stand-in's.
"""


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_shared(), *_own(), *_doctor(), _STACK])


def _shared() -> Iterator[str]:
    """Yield the variables that several services read, once."""
    yield "## Read by several services\n"
    yield "| variable | read by | default | what it is |\n| --- | --- | --- | --- |"
    for name, readers in _readers().items():
        if len(readers) > 1:
            fields = [SERVICES[reader].model_fields[name] for reader in readers]
            by = "all" if len(readers) == len(SERVICES) else ", ".join(readers)
            defaults = ", ".join(dict.fromkeys(map(_default, fields)))
            yield f"| `{name.upper()}` | {by} | {defaults} | {fields[0].description} |"
    yield ""


def _own() -> Iterator[str]:
    """Yield the variables that only one service reads, service by service."""
    readers = _readers()
    for service, settings in SERVICES.items():
        own = [name for name in settings.model_fields if readers[name] == [service]]
        if not own:
            continue
        yield f"## Read by {service} alone\n"
        yield "| variable | default | what it is |\n| --- | --- | --- |"
        for name in own:
            field = settings.model_fields[name]
            yield f"| `{name.upper()}` | {_default(field)} | {field.description} |"
        yield ""


def _doctor() -> Iterator[str]:
    """Yield the variables that are the doctor's own; it reads the services' besides."""
    yield "## `switchboard doctor`\n"
    yield "It reads the services' variables, as far as they are set, and these.\n"
    yield "| variable | default | what it is |\n| --- | --- | --- |"
    for name, field in DoctorSettings.model_fields.items():
        if name.startswith("doctor_"):
            yield f"| `{name.upper()}` | {_default(field)} | {field.description} |"
    yield ""


def _readers() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service, settings in SERVICES.items():
        for name in settings.model_fields:
            found.setdefault(name, []).append(service)
    return dict(sorted(found.items()))


def _default(field: FieldInfo) -> str:
    secret = " (secret)" if _is_secret(field.annotation) else ""
    if field.is_required():
        return f"**required**{secret}"
    default = field.default
    if default is PydanticUndefined or default in (None, "", ()):
        return f"none{secret}"
    return f"`{default}`{secret}"


def _is_secret(annotation: object) -> bool:
    if annotation is SecretStr:
        return True
    origin = typing.get_origin(annotation)
    if origin in {tuple, list, typing.Union, types.UnionType, typing.Annotated}:
        return any(_is_secret(inner) for inner in typing.get_args(annotation))
    return False


def main(argv: Sequence[str]) -> int:
    """Write the page, or with `--check` return 1 if it is not what would be written."""
    return write_or_check(argv, PAGE, page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
