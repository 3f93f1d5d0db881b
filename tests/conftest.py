"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How long a loaded machine takes over one example says nothing about the code.
settings.register_profile("datagen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("datagen")
