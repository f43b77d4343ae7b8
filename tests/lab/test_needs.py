"""Where a part is missing the tests say which, and fail where the lab is required."""

from __future__ import annotations

import os

import pytest

from tests.lab import needs


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "TOOLS", {"no-such-tool": "its-package"})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert needs.missing.__wrapped__() == "not installed: its-package"


def test_without_root_there_is_no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert needs.missing.__wrapped__() == "network namespaces need root"


def test_a_missing_part_skips_or_fails_where_the_lab_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ICETUI_REQUIRE_LAB", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no lab today"):
        needs.skip("no lab today")
    monkeypatch.setenv("ICETUI_REQUIRE_LAB", "1")
    with pytest.raises(pytest.fail.Exception, match="required here, but no lab today"):
        needs.skip("no lab today")
