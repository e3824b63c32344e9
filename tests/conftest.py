"""What holds for every test."""

import signal

from hypothesis import HealthCheck, settings

# What a shell starts in the background ignores Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something of the machine and its load, not of the code.
settings.register_profile(
    "epoque",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("epoque")
