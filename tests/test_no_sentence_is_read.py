"""Facts are fields: no rule, pane or report looks into a sentence to find out what it says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import icetui

ROOT = Path(icetui.__file__).parent
READERS = ("diagnosis", "dashboard", "reports", "doctor", "session", "commands")
SENTENCES = {
    "detail", "problem", "claim", "remedy", "phrase", "why_not", "unsupported", "icmp", "closed",
    "unsendable", "words", "said", "complaint",
}  # fmt: skip
"""Fields that hold words for people."""
SOMETIMES = {"cause", "phrase"}
"""Fields that hold one of a few words in some events, and a sentence in others: not searched."""
LOOKING = {
    "startswith", "endswith", "partition", "rpartition", "find", "rfind", "index", "split", "count",
    "search", "match", "fullmatch", "findall", "removeprefix", "removesuffix",
}  # fmt: skip


def mentions(node: ast.AST, names: set[str] = SENTENCES) -> bool:
    """Whether a sentence is part of an expression."""
    return any(isinstance(n, ast.Attribute) and n.attr in names for n in ast.walk(node))


def looked_into(tree: ast.AST) -> list[int]:
    """Lines on which a sentence is taken apart, searched or compared with another."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in LOOKING and (
                mentions(node.func.value) or any(map(mentions, node.args))
            ):
                lines.append(node.lineno)
        elif isinstance(node, ast.Compare):
            for operator, right in zip(node.ops, node.comparators, strict=True):
                searches = isinstance(operator, ast.In | ast.NotIn) and mentions(
                    right, SENTENCES | SOMETIMES
                )
                words = (node.left, right)
                equal = isinstance(operator, ast.Eq | ast.NotEq) and any(
                    isinstance(word, ast.Constant) and isinstance(word.value, str) for word in words
                )
                if searches or (equal and any(map(mentions, words))):
                    lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("package", READERS)
def test_nobody_looks_into_a_sentence(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in looked_into(ast.parse(path.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        '"port unreachable" in pair.detail',
        '"closed" not in (pair.detail or "").lower()',
        'server.detail.startswith("401")',
        're.search("refused", refusal.problem)',
        'head, _, tail = (event.problem or "").partition(": ")',
        'pair.detail == "no answer"',
        '"silent" in change.cause',
        '"prohibited" in e.icmp',
    ],
)
def test_who_does_is_found(code: str) -> None:
    assert looked_into(ast.parse(code)) == [1]
