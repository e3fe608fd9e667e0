"""What the environment asks of the local stack, and what the stack gives to each process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.keys import Keys, keys_in
from dev.ports import read_ports
from dev.servers.binaries import CHECKOUT
from dev.simulator import API_VERSION
from switchboard.topology import CONTROL, INGRESS, Service

HOST: Final = "127.0.0.1"
BUCKET: Final = "switchboard-local"

_META_URLS: Final = ("META_GRAPH_URL", "META_API_URL", "META_WWW_URL")
# The others listen for health checks alone.
_PORT_OF: Final = {INGRESS: "INGRESS_PORT", CONTROL: "CONTROL_PORT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """The servers in use: ours, or those the environment named."""

    owner_url: str  # PostgreSQL, as the role that owns the schema
    pipeline_url: str  # the same, as the router and the sender log in
    api_url: str  # the same, as control logs in
    caretaker_url: str  # the same, as what looks after accounts logs in
    redis_url: str
    aws_endpoint_url: str
    s3_endpoint_url: str | None = None  # ours, if the queues' server is


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """
    The environment, read once.

    With `keeps` the servers keep their data in `folder` from run to run; without, each run begins
    with nothing and leaves nothing.
    """

    environ: Mapping[str, str]
    ports: Mapping[str, int]
    keys: Keys
    folder: Path
    logs: Path
    keeps: bool

    @property
    def is_simulated(self) -> bool:
        """Whether Instagram is our simulator, and not somebody's stand-in."""
        return not any(self.given(name) for name in _META_URLS)

    @property
    def lets_in(self) -> bool:
        """Whether people log in at our stand-in, and not at somebody's project."""
        return not self.given("SUPABASE_URL")

    @property
    def region(self) -> str:
        """The AWS region the queues are in."""
        return self.given("AWS_REGION") or "us-east-1"

    @property
    def queue_prefix(self) -> str:
        """What the queues' names begin with."""
        return self.given("QUEUE_PREFIX") or "switchboard-local"

    @property
    def ingress_url(self) -> str:
        """Where webhooks go and links lead."""
        return f"http://{HOST}:{self.ports['ingress']}"

    @property
    def control_url(self) -> str:
        """Where the dashboard's API is."""
        return f"http://{HOST}:{self.ports['control']}"

    @property
    def supabase_url(self) -> str:
        """Where people log in: the project that was given, or our stand-in of its Auth."""
        return self.given("SUPABASE_URL") or f"http://{HOST}:{self.ports['auth']}"

    @property
    def metasim_url(self) -> str:
        """Where the simulator is, its page too."""
        return f"http://{HOST}:{self.ports['metasim']}"

    def given(self, name: str) -> str | None:
        """Return what the environment says of `name`; None if nothing."""
        return self.environ.get(name, "").strip() or None

    def data_dir(self, server: str) -> Path | None:
        """Return where a server keeps its data; None: in a temporary place."""
        return self.folder / server if self.keeps else None

    def log_of(self, name: str) -> Path:
        """Return where a process's output goes."""
        return self.logs / f"{name}.log"

    def health_url(self, service: Service) -> str:
        """Return where a service says whether it can work."""
        return f"http://{HOST}:{self.ports[service.name]}/health/ready"

    def credentials(self) -> dict[str, str]:
        """Return credentials for a local queue server, which does not look at them."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return {name: self.given(name) or "local" for name in names}

    @contextlib.contextmanager
    def as_own_credentials(self) -> Iterator[None]:
        """
        Give this process the credentials, too; as it was before, afterwards.

        The AWS client takes them from nowhere but the environment. A test that runs in the same
        process later has a server of its own, which may know others.
        """
        lent = self.credentials()
        before = {name: os.environ.get(name) for name in lent}
        os.environ.update(lent)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def of_service(self, service: Service, backing: Backing) -> dict[str, str]:
        """Return a service's whole environment; what we do not decide is passed on."""
        port = self.ports[service.name]
        return {
            **self.environ,
            "PYTHONUNBUFFERED": "1",
            **self._of_all(backing),
            "DATABASE_URL": backing.api_url if service is CONTROL else backing.pipeline_url,
            # An owner's server to try webhooks with is on this machine, too.
            "WEBHOOKS_ALLOW_PRIVATE": self.given("WEBHOOKS_ALLOW_PRIVATE") or "true",
            _PORT_OF.get(service, "HEALTH_PORT"): str(port),
            **(self._caretaking(backing) if service is CONTROL and self.cares else {}),
        }

    def of_command_line(self, backing: Backing) -> dict[str, str]:
        """Return what `switchboard` needs besides what is in the environment."""
        return {
            **self._of_all(backing),
            "DATABASE_URL": backing.owner_url,
            "DOCTOR_INGRESS_URL": self.ingress_url,
        }

    def _of_all(self, backing: Backing) -> dict[str, str]:
        """Return what every process of ours is told alike."""
        return {
            **self.credentials(),
            "REDIS_URL": backing.redis_url,
            "AWS_ENDPOINT_URL": backing.aws_endpoint_url,
            "AWS_REGION": self.region,
            "QUEUE_PREFIX": self.queue_prefix,
            **self._meta(),
            "TOKEN_KEYS": self.keys.token_key,
            "LINK_SECRETS": self.keys.link_secret,
            "PUBLIC_URL": self.ingress_url,
            "SUPABASE_URL": self.supabase_url,
        }

    @property
    def cares(self) -> bool:
        """Whether accounts are looked after, which makes calls to Instagram by itself."""
        return self.given("CARETAKER") != "off"

    def _caretaking(self, backing: Backing) -> dict[str, str]:
        """Return what control needs to look after accounts, and to let owners log in."""
        return {
            "CARETAKER_DATABASE_URL": backing.caretaker_url,
            "CONTROL_PUBLIC_URL": self.given("CONTROL_PUBLIC_URL") or self.control_url,
            "DOCTOR_INGRESS_URL": self.ingress_url,
            **(self._files(backing.s3_endpoint_url) if backing.s3_endpoint_url else {}),
        }

    def _files(self, s3_endpoint_url: str) -> dict[str, str]:
        """Return where exports are kept, in our own server unless somewhere is named."""
        return {
            "EXPORTS_URL": self.given("EXPORTS_URL") or f"s3://{BUCKET}/exports",
            "AWS_ENDPOINT_URL_S3": self.given("AWS_ENDPOINT_URL_S3") or s3_endpoint_url,
        }

    def of_auth(self, backing: Backing) -> dict[str, str]:
        """Return the whole environment of the stand-in of Supabase Auth."""
        return {
            **self.environ,
            "PYTHONUNBUFFERED": "1",
            "AUTH_DATABASE_URL": backing.owner_url,
            "AUTH_HOST": HOST,
            "AUTH_PORT": str(self.ports["auth"]),
            "AUTH_SITE_URL": self.given("AUTH_SITE_URL") or self.control_url,
            "SUPABASE_URL": self.supabase_url,
        }

    def of_metasim(self) -> dict[str, str]:
        """Return the simulator's whole environment."""
        return {
            **self.environ,
            "PYTHONUNBUFFERED": "1",
            "METASIM_HOST": HOST,
            "METASIM_PORT": str(self.ports["metasim"]),
            "METASIM_WEBHOOK_URL": f"{self.ingress_url}/webhooks/instagram",
            "METASIM_DEAUTHORIZE_URL": f"{self.control_url}/instagram/deauthorize",
            "METASIM_DATA_DELETION_URL": f"{self.control_url}/instagram/data-deletion",
            "METASIM_APP_ID": self.keys.app_id,
            "METASIM_APP_SECRET": self.keys.app_secret,
            "METASIM_VERIFY_TOKEN": self.keys.verify_token,
            "METASIM_API_VERSION": API_VERSION,
        }

    def _meta(self) -> dict[str, str]:
        """Return Instagram: the simulator, whole, or the stand-in with our values for the rest."""
        ours = {
            **dict.fromkeys(_META_URLS, self.metasim_url),
            "META_API_VERSION": API_VERSION,
            "META_APP_ID": self.keys.app_id,
            "META_APP_SECRETS": self.keys.app_secret,
            "META_VERIFY_TOKEN": self.keys.verify_token,
        }
        if self.is_simulated:
            return ours
        stand_in = next(url for url in map(self.given, _META_URLS) if url)
        ours |= dict.fromkeys(_META_URLS, stand_in)
        return {name: self.given(name) or value for name, value in ours.items()}


def read_surroundings(environ: Mapping[str, str], *, keeps: bool) -> Surroundings:
    """
    Read the environment. LOCAL_DIR is where things are kept; unset, in the checkout's `.local`.

    Raises:
        CannotRun: A port in it is none.
    """
    folder = Path(environ.get("LOCAL_DIR") or CHECKOUT / ".local").resolve()
    return Surroundings(
        environ=dict(environ),
        ports=read_ports(environ),
        keys=keys_in(folder),
        folder=folder,
        logs=folder / "logs",
        keeps=keeps,
    )
