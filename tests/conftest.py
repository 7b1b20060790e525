"""Shared by all tests: Hypothesis profiles, the `--long` flag, a seeded generator."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests.kept import Golden

# Before anyone imports jax or matplotlib: oracles compute in float64 on the CPU, plots need no
# screen.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# What JAX compiles is run once, on a few numbers: compiling well takes longer than it saves.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true")

# Derandomized, so that a red run is red again; compiling and tracing make single examples slow,
# so there is no deadline. A test that needs more asks for max(its own, settings().max_examples).
settings.register_profile("default", derandomize=True, deadline=None, max_examples=50)
settings.register_profile(
    "long",
    deadline=None,
    max_examples=5_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="Hypothesis draws new examples, a hundred times as many (minutes to hours)",
    )
    parser.addoption("--update", action="store_true", help="write the golden texts anew, instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    # Here, because decorators read the profile when the test modules are imported.
    # Hypothesis' own --hypothesis-profile wins.
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile("long" if config.getoption("--long") else "default")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with the one that is kept under a name in tests/golden."""
    return Golden(bool(request.config.getoption("--update")))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
