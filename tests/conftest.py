"""What holds for all tests: Hypothesis judges what is computed, not how busy the machine is."""

from hypothesis import HealthCheck, settings

# Machines that test are shared: a slow draw says nothing about the code, and pytest-timeout ends what hangs.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
