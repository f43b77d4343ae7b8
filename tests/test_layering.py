"""Arrows go one way: who loads whom, seen in fresh interpreters, and the import contracts."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import icetui

REPOSITORY = Path(__file__).parents[1]
SAY_MODULES = "import sys, json; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"


def modules(code, env):
    """Names of top-level packages loaded after `code`, in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=env,
        timeout=30,
        check=True,
    )
    names = json.loads(done.stderr.splitlines()[-1])
    return {name.partition(".")[0] for name in names}, set(names)


def loaded_by_import(module, env):
    return modules(f"import {module}; {SAY_MODULES}", env)


def loaded_by_command(arguments, env):
    return modules(
        f"import atexit\natexit.register(lambda: exec({SAY_MODULES!r}))\n"
        f"import sys\nsys.argv = ['icetui', *{arguments!r}]\n"
        "from icetui.commands.program import main\nmain()",
        env,
    )


def test_the_dashboard_never_loads_the_engine_or_aioice(env):
    packages, names = loaded_by_import("icetui.dashboard.app", env)
    assert "textual" in packages
    assert "aioice" not in packages
    assert not any(name.startswith("icetui.engine") for name in names)


def test_the_engine_knows_no_screen(env):
    packages, names = loaded_by_import("icetui.engine.__main__", env)
    assert "aioice" in packages
    assert not packages & {"textual", "rich", "click"}
    assert not any(name.startswith("icetui.dashboard") for name in names)


def test_a_headless_peer_loads_no_screen(env):
    packages, _ = loaded_by_import(
        "icetui.commands.headless, icetui.reports.text, icetui.streams.blob_files", env
    )
    assert not packages & {"textual", "rich", "aioice"}


def test_the_stun_codec_loads_no_loop_and_no_randomness(env):
    packages, names = loaded_by_import("icetui.engine.stun, icetui.engine.stun.credentials", env)
    assert "msgspec" in packages
    assert not packages & {"asyncio", "socket", "ssl", "random", "secrets", "aioice"}
    assert not names & {"icetui.engine.net", "icetui.engine.endpoint"}


def test_the_fold_and_the_diagnosis_load_no_network(env):
    packages, _ = loaded_by_import("icetui.session, icetui.diagnosis", env)
    assert not packages & {"textual", "rich", "aioice", "asyncio"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["peer", "--help"],
        ["demo", "--help"],
        ["view", "--help"],
        ["report", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_version_load_nothing_heavy(env, arguments):
    packages, _ = loaded_by_command(arguments, env)
    assert "click" in packages
    assert not packages & {"textual", "rich", "aioice", "msgspec", "asyncio", "platformdirs"}


def test_a_mistake_is_told_without_loading_the_screen(env):
    packages, _ = modules(
        f"import atexit\natexit.register(lambda: exec({SAY_MODULES!r}))\n"
        "import sys\nsys.argv = ['icetui', 'decode', 'nonsense']\n"
        "from icetui.commands.program import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 3",
        env,
    )
    assert not packages & {"textual", "rich", "aioice"}


def test_the_import_contracts_are_kept(env):
    linter = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert linter is not None
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=REPOSITORY, capture_output=True, text=True, env=env, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_no_module_name_stands_twice():
    """A newcomer would open the wrong one."""
    package = Path(icetui.__file__).parent
    names = Counter(p.stem for p in package.rglob("*.py") if not p.stem.startswith("__"))
    assert [name for name, number in names.items() if number > 1] == []
