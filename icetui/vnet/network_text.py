"""A network as a file: small, readable TOML.

    seed = 7

    [routers.alice-nat]
    inside = "alice-lan"
    outside = { link = "internet", line = { delay = 0.025 } }
    nat = "prc"

    [hosts.alice]
    interfaces = "alice-lan"

    [servers.stun]
    kind = "stun"
    addresses = ["192.0.2.10"]

    [[changes]]
    at = 10
    what = "cut"
    whom = "alice.eth0"

What belongs here: reading it, with a sentence for every mistake, and writing it. What the parts
mean stands in `network_parts.py`, `servers.py` and `changes.py`.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect

from icetui.vnet.changes import CHANGES, AnyChange
from icetui.vnet.network import BadNetwork, Network, Server
from icetui.vnet.network_check import check
from icetui.vnet.network_parts import (
    NAT_KINDS,
    Attachment,
    Host,
    Interface,
    Link,
    Name,
    Nat,
    Router,
    Session,
)
from icetui.vnet.servers import StunOptions, TurnOptions

MAX_TEXT = 1_000_000
"""Characters of a file."""
SECTIONS: dict[str, Any] = {
    "links": Link,
    "routers": Router,
    "hosts": Host,
    "servers": Server,
    "names": Name,
    "sessions": Session,
}
SERVERS: dict[str, type[StunOptions | TurnOptions]] = {"stun": StunOptions, "turn": TurnOptions}

KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
"""What stands before an equals sign."""

Path = tuple[str | int, ...]


# --- reading --------------------------------------------------------------------------------------


def read(text: str) -> Network:
    """A network from its file's text. Raises `BadNetwork`, with the line where it can be told."""
    if len(text) > MAX_TEXT:
        raise BadNetwork(f"a network file has at most {MAX_TEXT:,} characters")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadNetwork(f"not TOML: {error}") from None
    try:
        network = _network(data)
        check(network)
    except BadNetwork as error:
        line = line_of(text, error.path)
        where = f"line {line}: " if line is not None else ""
        raise BadNetwork(f"{where}{error}", *error.path) from None
    return network


def _network(data: dict[str, Any]) -> Network:
    fields: dict[str, Any] = {}
    known = [f.name for f in msgspec.structs.fields(Network)]
    for key, value in data.items():
        if key not in known:
            raise BadNetwork(unknown("part of a network", key, known), key)
        if key in SECTIONS:
            fields[key] = _section(key, value)
        elif key == "changes":
            if not isinstance(value, list):
                raise BadNetwork("changes are a list: [[changes]]", key)
            fields[key] = tuple(_change(v, ("changes", i)) for i, v in enumerate(value))
        else:
            field = next(f for f in msgspec.structs.fields(Network) if f.name == key)
            fields[key] = _convert(value, field.type, (key,))
    return Network(**fields)


def _section(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadNetwork(f"{key} has a table for each: [{key}.NAME]", key)
    found = {}
    for name, entry in value.items():
        path = (key, name)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name) and key != "names":
            raise BadNetwork(f"{name!r} is no name: letters, digits, - and _ only", *path)
        if not isinstance(entry, dict):
            raise BadNetwork(f"{key}.{name} is a table: [{key}.{name}]", *path)
        if key == "servers":
            found[name] = _server(entry, path)
        else:
            found[name] = _convert(_spelled_out(key, entry, path), SECTIONS[key], path)
    return found


def _spelled_out(key: str, entry: dict[str, Any], path: Path) -> dict[str, Any]:
    """Without the shorthands: a link's name for an interface, one for a list of one, and a NAT's
    kind with what differs from it."""
    entry = dict(entry)
    places = {"routers": ("inside", "outside"), "hosts": ("interfaces",)}.get(key, ())
    for place in places:
        if place in entry:
            given = entry[place]
            parts = given if isinstance(given, list) else [given]
            entry[place] = [_attachment(part) for part in parts]
            if key == "hosts":
                for number, part in enumerate(entry[place]):
                    if isinstance(part, dict):
                        part.setdefault("name", f"eth{number}")
                        if part.get("link") == "none":
                            part["link"] = None
    nat = entry.get("nat")
    if key == "routers" and isinstance(nat, dict) and "kind" in nat:
        nat = dict(nat)
        kind = nat.pop("kind")
        kinds = {str(name): value for name, value in NAT_KINDS.items() if value is not None}
        base = kinds.get(kind) if isinstance(kind, str) else None
        if base is None:
            raise BadNetwork(unknown("kind of NAT", kind, kinds), *path, "nat", "kind")
        entry["nat"] = {**msgspec.to_builtins(base), **nat}
    return entry


def _attachment(part: Any) -> Any:
    if isinstance(part, str):
        return {"link": part}
    if not isinstance(part, dict):
        return part
    part = dict(part)
    for one, many in (("address", "addresses"), ("gateway", "gateways")):
        if isinstance(part.get(one), str):
            part[many] = [part.pop(one), *part.get(many, ())]
    return part


def _server(entry: dict[str, Any], path: Path) -> Server:
    entry = dict(entry)
    host = _convert(entry.pop("host", None), str | None, (*path, "host"))
    kind = entry.pop("kind", None)
    options = SERVERS.get(kind) if isinstance(kind, str) else None
    if options is None:
        if kind is None:
            raise BadNetwork("a server has a kind: stun or turn", *path)
        raise BadNetwork(unknown("kind of server", kind, SERVERS), *path, "kind")
    return Server(_convert(entry, options, path), host)


def _change(entry: Any, path: Path) -> AnyChange:
    if not isinstance(entry, dict):
        raise BadNetwork("a change is a table: [[changes]]", *path)
    what = entry.get("what")
    kind = CHANGES.get(what) if isinstance(what, str) else None
    if kind is None:
        if what is None:
            raise BadNetwork("a change says what happens: what = …", *path)
        raise BadNetwork(unknown("change", what, CHANGES), *path, "what")
    entry = dict(entry)
    if isinstance(entry.get("interface"), (dict, str)):
        entry["interface"] = _attachment(entry["interface"])
    without = {k: v for k, v in entry.items() if k != "what"}
    _known(without, type_of(kind), path)
    made: AnyChange = _convert(entry, AnyChange, path)
    return made


def _convert(value: Any, kind: Any, path: Path) -> Any:
    info = type_of(kind)
    if not isinstance(info, inspect.UnionType) or not any(
        isinstance(t, inspect.StructType) and t.tag is not None for t in info.types
    ):
        _known(value, info, path)
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as error:
        sentence, _, at = str(error).partition(" - at `$")
        steps: Path = tuple(
            int(number) if number else name
            for name, number in re.findall(r"\.(\w+)|\[(\d+)\]", at.rstrip("`"))
        )
        if not steps and isinstance(value, dict):
            # Said of the whole by its own check: the value it quotes shows what it is about.
            quoted = re.findall(r"'([^']+)'", sentence)
            steps = tuple(k for k, v in value.items() if any(q in repr(v) for q in quoted))[:1]
        said = sentence[:1].lower() + sentence[1:].replace("`", "")
        name = ".".join(map(str, (*path, *steps)))
        raise BadNetwork(f"{name}: {said}", *path, *steps) from None


@functools.cache
def type_of(kind: Any) -> inspect.Type:
    """How msgspec sees a type; reckoned once, a file may have a thousand changes."""
    return inspect.type_info(kind)


def _known(value: Any, info: inspect.Type, path: Path) -> None:
    """Nothing is in it that has no meaning there, and every word is one of those that may stand
    there. Types are left to msgspec."""
    if isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.UnionType):
        literals = [t for t in info.types if isinstance(t, inspect.LiteralType)]
        structs = [t for t in info.types if isinstance(t, inspect.StructType)]
        strings = any(isinstance(t, inspect.StrType) for t in info.types)
        if isinstance(value, dict) and structs:
            _known(value, structs[0], path)
        elif isinstance(value, str) and literals and not strings:
            _known(value, literals[0], path)
    elif isinstance(info, inspect.StructType) and isinstance(value, dict):
        fields = {f.encode_name: f.type for f in info.fields}
        for key, inner in value.items():
            if key not in fields:
                raise BadNetwork(unknown(f"setting of {path[0]}", key, fields), *path, key)
            _known(inner, fields[key], (*path, key))
    elif isinstance(info, inspect.LiteralType) and value not in info.values:
        words = [str(v) for v in info.values]
        raise BadNetwork(unknown(f"value of {path[-1]}", value, words), *path)
    elif isinstance(info, inspect.VarTupleType) and isinstance(value, list):
        for i, inner in enumerate(value):
            _known(inner, info.item_type, (*path, i))
    elif isinstance(info, inspect.DictType) and isinstance(value, dict):
        for key, inner in value.items():
            _known(inner, info.value_type, (*path, key))


def unknown(what: str, word: object, known: Iterable[str]) -> str:
    """A sentence that names the nearest valid word, or all of them."""
    words = list(known)
    near = difflib.get_close_matches(str(word), words, 1, 0.5)
    listed = " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
    verb = "is" if len(words) == 1 else "are"
    hint = f"perhaps {near[0]}" if near else f"there {verb} {listed or 'none'}"
    return f"{str(word)!r} is no {what}; {hint}"


def line_of(text: str, path: Path) -> int | None:
    """The line on which what a path leads to is written, or what contains it; None: none is."""
    if not path:
        return None
    best: tuple[int, int] | None = None
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)([^\[\]]+)\]", line)
        if header:
            table = keys(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
            for size in range(len(table), 0, -1):
                if table[:size] in counts:
                    table = (*table[:size], counts[table[:size]], *table[size:])
                    break
            found: Path = table
        else:
            key = re.match(
                r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""", line
            )
            if not key:
                continue
            found = (*table, *keys(key[1]))
        size = min(len(found), len(path))
        if found[:size] == path[:size] and (best is None or size > best[0]):
            best = size, number
    return best[1] if best is not None else None


def keys(text: str) -> tuple[str, ...]:
    """A dotted key in parts."""
    parts = re.findall(r""""([^"]*)"|'([^']*)'|([\w-]+)""", text)
    return tuple(a or b or c for a, b, c in parts)


# --- writing --------------------------------------------------------------------------------------


def write(network: Network) -> str:
    """The file's text, which reads as the same network."""
    lines = []
    for field in msgspec.structs.fields(Network):
        value = getattr(network, field.name)
        if field.name not in SECTIONS and field.name != "changes" and value != field.default:
            lines.append(f"{field.name} = {inline(value)}")
    for section in SECTIONS:
        for name, part in getattr(network, section).items():
            lines += ["", f"[{section}.{bare_key(name)}]"]
            lines += [f"{bare_key(k)} = {inline(v)}" for k, v in _fields(part).items()]
    for change in network.changes:
        lines += ["", "[[changes]]", f'what = "{change.__struct_config__.tag}"']
        lines += [f"{bare_key(k)} = {inline(v)}" for k, v in _fields(change).items()]
    return "\n".join(lines).strip() + "\n"


def _fields(part: Any) -> dict[str, Any]:
    """What differs from the defaults, with the shorthands."""
    if isinstance(part, Server):
        host = {} if part.host is None else {"host": part.host}
        return {"kind": part.options.__struct_config__.tag, **host, **_fields(part.options)}
    found = {}
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        default = field.default
        if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if default is msgspec.NODEFAULT or value != default:
            found[field.name] = value
    if isinstance(part, Host):
        # The name is left out where the reader would give the same.
        parts = found.get("interfaces", ())
        found["interfaces"] = [
            {
                k: v
                for k, v in {**_fields(p), "name": p.name}.items()
                if (k, v) != ("name", f"eth{i}")
            }
            for i, p in enumerate(parts)
        ]
        if not parts:
            del found["interfaces"]
    if isinstance(part, Interface) and part.link is None:
        found["link"] = "none"
    if isinstance(part, Nat):
        return _nat_fields(part, found)
    return found


def _nat_fields(nat: Nat, found: dict[str, Any]) -> dict[str, Any]:
    # TOML has no null: what is None is told apart from the default by a kind that has it so.
    if nat.first_lifetime is None:
        base = NAT_KINDS["cone"]
        differing = {
            f.name: getattr(nat, f.name)
            for f in msgspec.structs.fields(nat)
            if getattr(nat, f.name) != getattr(base, f.name)
        }
        return {"kind": "cone", **differing}
    return found


def inline(value: Any) -> str:
    """A value as it stands behind the equals sign."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(inline(v) for v in value)}]"
    if isinstance(value, Attachment) and set(_fields(value)) == {"link"}:
        return inline(value.link)
    items: Mapping[str, Any] = value if isinstance(value, dict) else _fields(value)
    return f"{{ {', '.join(f'{bare_key(k)} = {inline(v)}' for k, v in items.items())} }}"


def bare_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
