"""A short notation for JSON, and what it means as JSON Schema. It knows no endpoint.

`s` text, `d` a decimal number as text, `i` integer, `n` number, `b` boolean, `null`; `"word"` exactly that text;
`[x]` a list of x, `(x, y)` a list of exactly these, `{name x, name? y}` an object with these fields and no others, of
which those with a `?` may be missing; `{* x}` an object with any names; `$Name` a schema defined elsewhere; `x|y`
either.
"""

import re
from collections.abc import Iterator

Schema = dict[str, object]

DECIMAL_PATTERN = r"^-?\d+(\.\d+)?$"
_TOKEN = re.compile(r'\s*("[^"]*"|\$?\w+\??|[\[\](){},|*])')
_SIMPLE: dict[str, Schema] = {
    "s": {"type": "string"},
    "d": {"type": "string", "pattern": DECIMAL_PATTERN},
    "i": {"type": "integer"},
    "n": {"type": "number"},
    "b": {"type": "boolean"},
    "null": {"type": "null"},
}


def json_schema(text: str) -> Schema:
    """Return the JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of a text in this notation; ValueError for none."""
    return _Reader(text).read()


class _Reader:
    """Reads one text from its begin to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def read(self) -> Schema:
        schema = self._alternatives()
        if self._at < len(self._tokens):
            raise self._wrong()
        return schema

    def _alternatives(self) -> Schema:
        found = [self._one()]
        while self._taken("|"):
            found.append(self._one())
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _one(self) -> Schema:
        word = self._next()
        if word in _SIMPLE:
            return dict(_SIMPLE[word])
        if word.startswith('"'):
            return {"type": "string", "const": word[1:-1]}
        if word.startswith("$"):
            return {"$ref": f"#/components/schemas/{word[1:]}"}
        if word == "[":
            items = self._alternatives()
            self._expect("]")
            return {"type": "array", "items": items}
        if word == "(":
            return self._tuple()
        if word == "{":
            return self._object()
        raise self._wrong()

    def _tuple(self) -> Schema:
        places = [self._alternatives()]
        while self._taken(","):
            places.append(self._alternatives())
        self._expect(")")
        length = len(places)
        return {"type": "array", "prefixItems": places, "items": False, "minItems": length, "maxItems": length}

    def _object(self) -> Schema:
        if self._taken("*"):
            values = self._alternatives()
            self._expect("}")
            return {"type": "object", "additionalProperties": values}
        fields: dict[str, Schema] = {}
        always: list[str] = []
        while not self._taken("}"):
            name = self._next()
            fields[name.rstrip("?")] = self._alternatives()
            if not name.endswith("?"):
                always.append(name)
            if not self._taken(","):
                self._expect("}")
                break
        return {"type": "object", "properties": fields, "required": always, "additionalProperties": False}

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1]

    def _taken(self, token: str) -> bool:
        """Tell whether this token comes next, and pass over it if so."""
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._taken(token):
            raise self._wrong()

    def _wrong(self) -> ValueError:
        return ValueError(f"not understood after {' '.join(self._tokens[: self._at])!r}: {self._text}")


def _tokens(text: str) -> Iterator[str]:
    """Yield the words and signs of a text. Raises ValueError for what is neither."""
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not understood: {text[at:]}")
        yield match.group(1)
        at = match.end()
