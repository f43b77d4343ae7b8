"""A browser whose console somebody types into: ``icetui browser``'s snippet, then icetui's text.

``python -m tests.lab.console chromium|firefox --role offer --snippet FILE --out FILE --in FILE``
enters the snippet as it is in the file, writes what the console then shows as the offer to one
file, enters the answer from the other as a person would, and prints one line of JSON: what the
console said. With ``--role answer`` an offer is entered and the answer to it is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.peers import chromium, exchange, firefox

LIMIT = 15.0
"""Seconds each step may take."""

Enter = Callable[[str], Any]
"""Types a line into the console and presses Enter; gives back what it evaluates to."""

LISTEN = """
globalThis.said = [];
console.log = ((log) => (...words) => { said.push(words.join(" ")); log(...words); })(console.log);
0
"""


@contextmanager
def console(name: str, *, mdns: bool) -> Iterator[Enter]:
    """The console of a tab. Promises are awaited."""
    if name == "chromium":
        with chromium.started(mdns=mdns) as tab:
            yield tab.enter
        return
    with firefox.started(mdns=mdns) as browser:
        script = """
            const done = arguments[arguments.length - 1];
            Promise.resolve(window.wrappedJSObject.eval(arguments[0])).then(
                (value) => done({ value }), (error) => done({ error: String(error) }));
        """

        def enter(text: str) -> Any:
            answer = browser.evaluate(script, text)
            if "error" in answer:
                raise RuntimeError(answer["error"])
            return answer.get("value")

        yield enter


def said(enter: Enter, wanted: Callable[[str], bool]) -> str:
    """The first thing the console says that is wanted. Raises ``TimeoutError``."""
    deadline = time.monotonic() + LIMIT
    while True:
        lines: list[str] = json.loads(enter("JSON.stringify(said)"))
        for line in lines:
            if wanted(line):
                return line
        if time.monotonic() > deadline:
            raise TimeoutError(f"the console said only {lines}")
        time.sleep(0.02)  # the console is asked, it calls nobody


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("browser", choices=("chromium", "firefox"))
    parser.add_argument("--role", choices=("offer", "answer"), default="offer", help="the tab's")
    parser.add_argument("--snippet", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--in", type=Path, required=True, dest="theirs")
    parser.add_argument("--hold", type=float, default=1)
    parser.add_argument("--mdns", action="store_true")
    given = parser.parse_args()
    with console(given.browser, mdns=given.mdns) as enter:
        enter(LISTEN)
        enter(given.snippet.read_text())
        own = said(enter, lambda line: line.startswith("{"))
        assert own == enter("icetui.offer")
        if given.role == "answer":
            exchange.read_description(given.theirs, "offer", LIMIT)
            enter(f"icetui({given.theirs.read_text().strip()})")
            own = said(enter, lambda line: line.startswith('{"type":"answer"'))
            assert own == enter("icetui.answer")
        draft = given.out.with_name(f"{given.out.name}.new")
        draft.write_text(own)
        draft.rename(given.out)
        if given.role == "offer":
            exchange.read_description(given.theirs, "answer", LIMIT)
            enter(f"icetui({given.theirs.read_text().strip()})")
        said(enter, lambda line: line == "ICE: connected")
        time.sleep(given.hold)  # stays connected that long
        result = {
            "said": json.loads(enter("JSON.stringify(said)")),
            "ice": enter("icetui.pc.iceConnectionState"),
            "connection": enter("icetui.pc.connectionState"),
        }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    sys.exit(main())
