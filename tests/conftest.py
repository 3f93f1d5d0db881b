"""What holds for every test."""

import os

import pytest
from hypothesis import HealthCheck, settings

# How long a loaded machine takes over one example says nothing about the code. The same examples
# in each run, so that a change is what a failure comes of; DATAGEN_TEST_RANDOM=1 draws others.
settings.register_profile(
    "datagen",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not os.environ.get("DATAGEN_TEST_RANDOM"),
)
settings.load_profile("datagen")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests first: where files run side by side, the last ones should be short."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
