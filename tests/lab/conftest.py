"""Fixtures: labs that are taken down with the test, and removal of what killed runs left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import needs, registry
from tests.lab.lab import BuildLab, Lab
from tests.lab.topology import Site, Topology


@pytest.fixture(scope="session")
def lab_needs() -> None:
    """Skips, or fails where the lab is required, if this machine cannot carry a lab."""
    reason = needs.missing()
    if reason:
        needs.skip(reason)
    registry.remove_orphans()


@pytest.fixture
def build_lab(lab_needs: None) -> Iterator[BuildLab]:
    """``build_lab("sym", "prc", …)``: a lab for this test; or give a whole ``Topology``."""
    with contextlib.ExitStack() as stack:

        def build(
            alice: str | Site = "prc",
            bob: str | Site = "prc",
            *,
            topology: Topology | None = None,
            **options: Any,
        ) -> Lab:
            return stack.enter_context(Lab.build(topology or Topology.pair(alice, bob), **options))

        yield build
