"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine and its load, not of the code.
settings.register_profile(
    "epoque",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("epoque")
