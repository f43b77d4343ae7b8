"""Events and commands of every kind, from their types: for property tests."""

from __future__ import annotations

import enum
import functools
import types
import typing
from typing import Annotated, Any, Literal

import msgspec
from hypothesis import strategies as st

from icetui import events

EVENT_TYPES: tuple[type[events.Event], ...] = typing.get_args(events.AnyEvent)
COMMAND_TYPES: tuple[type[events.Command], ...] = typing.get_args(events.AnyCommand)

# A few that fit together, so that events speak of the same things; and anything at all.
WORDS = st.sampled_from(
    ["", "s1", "L1", "L2", "R1", "L1-R1", "L2-R1", "127.0.0.1", "::1", "stun:a:3478", "conflict"]
) | st.text(max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 70_000)
SECONDS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 100)
JSON_VALUES = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: WORDS,
    int: NUMBERS,
    float: SECONDS,
    bool: st.booleans(),
    type(None): st.none(),
}


@functools.cache
def of_type(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that the annotation of a field allows."""
    if annotation in PLAIN:
        return PLAIN[annotation]
    origin: Any = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Annotated:
        [bounds] = annotation.__metadata__
        if arguments[0] is int:
            return NUMBERS.filter(lambda n: bounds.ge <= n <= bounds.le)
        return st.floats(bounds.ge, bounds.le) | st.floats(0, 100)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(of_type(a) for a in arguments))
    if origin is tuple:
        return st.lists(of_type(arguments[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=3)
    if issubclass(annotation, enum.Enum):
        return st.sampled_from(list(annotation))
    return structs(annotation)


@functools.cache
def structs(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a struct, any field given or left out."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        (required if field.required else optional)[field.name] = of_type(field.type)
    return st.fixed_dictionaries(required, optional=optional).map(lambda f: kind(**f))


any_event = st.one_of(*map(structs, EVENT_TYPES))
any_command = st.one_of(*map(structs, COMMAND_TYPES))
