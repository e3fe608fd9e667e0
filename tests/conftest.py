"""What every kind of test has: real servers to ask for, and for some kinds, no sockets."""

import hypothesis

pytest_plugins = [
    "tests.support.environment",
    "tests.support.servers",
    "tests.support.no_sockets",
    "tests.support.browser",
    "tests.support.installation",
]

# How long an example takes says something of the machine, not of what is tested.
hypothesis.settings.register_profile("no_clock", deadline=None)
hypothesis.settings.load_profile("no_clock")
