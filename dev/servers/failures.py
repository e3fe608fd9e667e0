"""What can keep a server from running."""


class ServerFailed(Exception):  # noqa: N818  it reads as what happened
    """A server could not be found or started, or went away. The message says what to do."""


class AddressTaken(ServerFailed):
    """Somebody else listens on the port."""
