"""Writes ``clients/augury_client.py`` from the OpenAPI document: ``python clients/generate.py``.

One file of the standard library, so that it can be copied into any project. A test holds it against
the API: who changes a route runs this again.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from augury.core.settings import Settings
from augury.runs.workspace import Workspace
from augury.service.app import api
from augury.service.backend import Backend

HERE: Final = Path(__file__).parent
TARGET: Final = HERE / "augury_client.py"
BASE: Final = HERE / "base.txt"
_HEADERS: Final = ("if-match", "idempotency-key", "last-event-id")
"""Headers that change what is done; the others are for caches."""
_PLAIN: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def document() -> dict[str, Any]:
    """Return the OpenAPI document of an empty installation."""
    with tempfile.TemporaryDirectory() as folder, Workspace.open(Settings.load({"data_dir": folder})) as workspace:
        return api(Backend.open(workspace)).openapi()


def source(said: dict[str, Any]) -> str:
    """Write the client."""
    base = BASE.read_text().replace(
        "The hand-written part of the client", f"The client of Augury {said['info']['version']}", 1
    )
    groups: dict[str, list[str]] = {}
    for path, verbs in sorted(said["paths"].items()):
        for verb, operation in sorted(verbs.items()):
            group, _, name = operation["operationId"].rpartition(".")
            groups.setdefault(group or "installation", []).append(_method(path, verb, name, operation))
    schemas = [_schema(name, schema) for name, schema in sorted(said["components"]["schemas"].items())]
    classes = [_group(name, methods) for name, methods in sorted(groups.items())]
    opened = "\n".join(f"        self.{name} = {_class(name)}(self)" for name in sorted(groups))
    marked = base.replace("        # groups", opened).replace("# schemas\n", "\n\n".join(schemas) + "\n")
    return _formatted(marked.replace("# classes\n", "\n\n".join(classes) + "\n"))


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(TARGET), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def _class(name: str) -> str:
    return name.title().replace("_", "") + "Calls"


def _group(name: str, methods: list[str]) -> str:
    head = f'class {_class(name)}:\n    """Calls about {name}."""\n\n    def __init__(self, client: Augury) -> None:\n'
    return head + "        self._client = client\n\n" + "\n\n".join(methods) + "\n"


def _schema(name: str, schema: dict[str, Any]) -> str:
    fields = schema.get("properties", {})
    if schema.get("type") != "object" or not fields:
        return f"{_safe(name)}: TypeAlias = {_quoted(_type(schema))}"
    needed = set(schema.get("required", fields))
    lines = [
        f'    "{key}": {_quoted(_type(part) if key in needed else f"NotRequired[{_type(part)}]")},'
        for key, part in fields.items()
    ]
    return f'{_safe(name)} = TypedDict("{_safe(name)}", {{\n' + "\n".join(lines) + "\n})"


def _quoted(text: str) -> str:
    return f'"{text}"'


def _safe(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _safe(schema["$ref"].rpartition("/")[2])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(_type(part) for part in schema[key]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(repr(value) for value in values)}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type(schema.get('items', {}))}]"
    if kind == "object":
        return (
            f"dict[str, {_type(more)}]"
            if isinstance(more := schema.get("additionalProperties"), dict)
            else "dict[str, Any]"
        )
    return _PLAIN.get(str(kind), "Any")


def _method(path: str, verb: str, name: str, operation: dict[str, Any]) -> str:
    parts = operation.get("parameters", [])
    placed = [part for part in parts if part["in"] == "path"]
    asked = [part for part in parts if part["in"] == "query"]
    heads = [part for part in parts if part["in"] == "header" and part["name"] in _HEADERS]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    arguments = ["self", *(f"{_name(part)}: {_type(part['schema'])}" for part in placed)]
    arguments += [f"body: {_type(content['schema'])}"] if content else []
    rest = [f"{_name(part)}: {_optional(part)}" for part in (*asked, *heads)]
    arguments += ["*", *rest] if rest else []
    answer, how = _answer(operation)
    query = "{" + ", ".join(f'"{part["name"]}": {_name(part)}' for part in asked) + "}" if asked else "None"
    headers = "{" + ", ".join(f'"{part["name"]}": {_name(part)}' for part in heads) + "}" if heads else "None"
    place = re.sub(r"{(\w+)(?::path)?}", lambda found: "{_quote(" + _word(found[1]) + ")}", path)
    body = "body" if content else "None"
    return (
        f"    def {_word(name)}({', '.join(arguments)}) -> {answer}:\n"
        f'        """{operation["summary"].rstrip(".")}."""\n'
        f'        answer: {answer} = self._client.{how}("{verb.upper()}", {_text(place)}, {query}, {headers}, {body})\n'
        "        return answer"
    )


def _text(place: str) -> str:
    return f'f"{place}"' if "{" in place else f'"{place}"'


def _answer(operation: dict[str, Any]) -> tuple[str, str]:
    good = next(answer for status, answer in sorted(operation["responses"].items()) if status.startswith("2"))
    kinds = good.get("content", {})
    if "text/event-stream" in kinds:
        return "Iterator[Event]", "events"
    if "application/json" in kinds:
        return _type(kinds["application/json"]["schema"]), "ask"
    return "str", "text"


def _optional(part: dict[str, Any]) -> str:
    kind = _type(part["schema"])
    return kind if part.get("required") else f"{kind} | None = None" if "None" not in kind else f"{kind} = None"


def _name(part: dict[str, Any]) -> str:
    return _word(part["name"])


def _word(name: str) -> str:
    said = re.sub(r"\W", "_", name).lower()
    return f"{said}_" if keyword.iskeyword(said) else said


def main() -> int:
    """Write the client; with ``--check`` say whether it would change."""
    made = source(document())
    if "--check" in sys.argv:
        return int(not TARGET.exists() or TARGET.read_text() != made)
    TARGET.write_text(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
