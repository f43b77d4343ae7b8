"""`icetui report FILE -f …`: every format on stdout, whole and in UTF-8."""

from pathlib import Path

import pytest

from icetui.reports.formats import FORMATS, write
from icetui.session import fold
from icetui.streams.recording import read

RECORDING = Path(__file__).parents[1] / "recordings" / "relayed.jsonl"


@pytest.mark.parametrize("form", FORMATS)
def test_it_prints_the_report_and_nothing_else(icetui, form):
    done = icetui("report", str(RECORDING), "-f", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == write(fold(read(RECORDING)), form)


def test_a_masked_one_names_no_real_address(icetui):
    plain, masked = (icetui("report", str(RECORDING), *more).stdout for more in ((), ("--mask",)))
    assert "203.0.113.18" in plain
    assert "203.0.113.18" not in masked
    assert len(plain.splitlines()) == len(masked.splitlines())


def test_what_is_no_recording_is_said_in_one_sentence(icetui, tmp_path):
    (tmp_path / "r").write_text("hello\n")
    done = icetui("report", str(tmp_path / "r"), "-f", "html")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds no icetui events" in done.stderr
