"""The API reference: OpenAPI read into what a page shows, so that page and API cannot disagree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from augury.core import errors
from augury.core.errors import AuguryError
from augury.service.problems import status_of

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body or an answer."""

    name: str
    where: str
    kind: str
    required: bool
    says: str
    example: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation may answer."""

    status: str
    says: str
    schema: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the reference shows it."""

    id: str
    tag: str
    verb: str
    path: str
    summary: str
    says: str
    scope: str
    fields: tuple[Field, ...]
    body: str
    answer: str
    replies: tuple[Reply, ...]

    @property
    def href(self) -> str:
        """Where the reference shows it."""
        return f"/docs/api/{self.tag}#{self.id}"

    @property
    def curl(self) -> str:
        """A call that can be pasted into a shell."""
        address = self.path
        for field in self.fields:
            if field.where == "path":
                address = address.replace(f"{{{field.name}}}", field.example or field.name.upper())
        lines = [f'curl -s "$AUGURY{address}"' if self.verb == "GET" else f'curl -s -X {self.verb} "$AUGURY{address}"']
        if self.scope:
            lines.append('-H "Authorization: Bearer $AUGURY_KEY"')
        if self.body:
            lines += ["-H 'content-type: application/json'", f"-d '{json.dumps(json.loads(self.body))}'"]
        return " \\\n  ".join(lines)


def operations(document: Schema) -> list[Operation]:
    """Read the operations of an OpenAPI document, by tag and path."""
    schemas = document.get("components", {}).get("schemas", {})
    found = [
        _operation(schemas, verb.upper(), path, said)
        for path, verbs in document["paths"].items()
        for verb, said in verbs.items()
    ]
    return sorted(found, key=lambda one: (one.tag, one.path, one.verb))


def _operation(schemas: Schema, verb: str, path: str, said: Schema) -> Operation:
    fields = [_parameter(parameter) for parameter in said.get("parameters", [])]
    body = said.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        fields += _fields(_resolved(schemas, body["schema"]), body.get("example"))
    replies = tuple(_reply(status, reply) for status, reply in sorted(said["responses"].items()))
    good: Schema = next(
        (said["responses"][status] for status in ("200", "201", "202") if status in said["responses"]), {}
    )
    answer = good.get("content", {}).get("application/json", {}).get("example")
    return Operation(
        id=said["operationId"], tag=(said.get("tags") or ["other"])[0], verb=verb, path=path,
        summary=said.get("summary", ""), says=said.get("description", ""), scope=said.get("x-scope", ""),
        fields=tuple(fields), body="" if body is None else _written(body.get("example", {})),
        answer="" if answer is None else _written(answer), replies=replies,
    )  # fmt: skip


def _parameter(said: Schema) -> Field:
    schema = said.get("schema", {})
    shown = next(iter([*schema.get("examples", ()), schema.get("default")]), None)
    says = said.get("description") or schema.get("description", "")
    return Field(said["name"], said["in"], kind_of(schema), said.get("required", False), says, _plain(shown))


def _fields(shape: Schema, example: Any) -> list[Field]:
    required = set(shape.get("required", ()))
    given = example if isinstance(example, dict) else {}
    return [
        Field(name, "body", kind_of(part), name in required, part.get("description", ""), _plain(given.get(name)))
        for name, part in shape.get("properties", {}).items()
    ]


def _reply(status: str, said: Schema) -> Reply:
    content: Schema = next(iter(said.get("content", {}).values()), {})
    return Reply(status, said.get("description", ""), kind_of(content.get("schema", {})) if content else "")


def kind_of(schema: Schema) -> str:
    """Write a schema's type in a few words.

    Examples
    --------
    >>> kind_of({"anyOf": [{"type": "string"}, {"type": "null"}]})
    'string or null'
    """
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(kind_of(choice) for choice in choices))
    if values := schema.get("enum"):
        return "one of " + ", ".join(map(str, values))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _resolved(schemas: Schema, schema: Schema) -> Schema:
    found: Schema = schemas.get(str(schema["$ref"]).rpartition("/")[2], {}) if "$ref" in schema else schema
    return found


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value is not None else ""


def _written(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A code a refusal can carry."""

    code: str
    status: int
    says: str
    helps: str


_OF_THE_DOOR: Final = (
    Code("BrokenBody", 400, "The body is not JSON, or is nested too deeply.", "NaN and infinities are not JSON."),
    Code("KeyInAddress", 400, "A key stood in an address, where logs keep it.", "Send it as a header; rotate it."),
    Code("WrongVerb", 405, "The address is there, but not for this verb.", "The header Allow names the verbs."),
    Code("TooLarge", 413, "The body holds more bytes than the service takes.", "Send fewer rows a call."),
    Code("WrongMediaType", 415, "This operation does not read that type.", "Send 'content-type: application/json'."),
    Code("WrongHost", 421, "The service does not answer for that host name.", "Start it with --allow-host NAME."),
    Code("WrongValues", 422, "Valid JSON or query, wrong values.", "'errors' names each field: correct those."),
    Code("HeadersTooLarge", 431, "The headers hold more than 16 KiB.", "Send fewer or shorter headers."),
    Code("Unexpected", 500, "A mistake of ours; nothing of its inside leaves.", "Tell the operators the request_id."),
)  # fmt: skip


def codes() -> list[Code]:
    """Return every code a refusal can carry, by name."""
    named = [
        Code(
            kind.__name__,
            status_of(kind("")),
            (kind.__doc__ or "").split("\n")[0].strip(),
            "'fix' of the answer names the command.",
        )
        for kind in _below(AuguryError)
        if kind.__module__ == errors.__name__
    ]
    return sorted([*named, *_OF_THE_DOOR], key=lambda code: code.code)


def _below(kind: type[AuguryError]) -> list[type[AuguryError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _below(child))]
