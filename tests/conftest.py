"""What every kind of test has: real servers to ask for, and for some kinds, no sockets."""

pytest_plugins = [
    "tests.support.servers",
    "tests.support.no_sockets",
    "tests.support.browser",
    "tests.support.installation",
]
