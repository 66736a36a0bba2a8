"""What the venue emits, held against the models of Binance's official SDK. It emits and fetches nothing.

The models take much: every field is optional and unknown ones are kept aside. So a document is also walked beside its
model: a finding is a field of another type (`mistyped`), one that the model does not know (`unknown`), or one that it
knows and that is not there (`missing`).
"""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from binance_common.utils import resolve_model_from_event
from binance_sdk_derivatives_trading_usds_futures.rest_api import api as rest_api
from binance_sdk_derivatives_trading_usds_futures.rest_api import models as rest_models
from binance_sdk_derivatives_trading_usds_futures.websocket_api import api as ws_api
from binance_sdk_derivatives_trading_usds_futures.websocket_api import models as ws_models
from binance_sdk_derivatives_trading_usds_futures.websocket_streams import models as stream_models
from binance_sdk_derivatives_trading_usds_futures.websocket_streams import streams
from pydantic import BaseModel

Model = type[BaseModel]
_OWN_FIELDS = re.compile(r"additional_properties|actual_instance|one_of_schemas|oneof_schema_\d+_validator")
# Of one call in a source each, up to the `def` of the next.
_REST = re.compile(r'method="(\w+)",\s*path="([^"]+)"(?:(?!def ).)*?response_model=(\w+)', re.DOTALL)
_WS = re.compile(r'"method": "/([^"]+)"\.replace(?:(?!def ).)*?response_model=(\w+)', re.DOTALL)
_STREAM = re.compile(r'"/(\S+?)"\.replace\((?:(?!def ).)*?response_model=(\w+)', re.DOTALL)


@cache
def rest_model(method: str, path: str) -> Model | None:
    """Return the model of an endpoint's answer; None where the SDK has no such endpoint, or no model for it."""
    table = {(verb, place): name for verb, place, name in _found(_REST, rest_api)}
    return _model(rest_models, table.get((method, path)))


@cache
def ws_model(method: str) -> Model | None:
    """Return the model of an answer of the WebSocket API."""
    return _model(ws_models, dict(_found(_WS, ws_api)).get(method))


@cache
def stream_model(stream: str) -> Model | None:
    """Return the model of a market stream's event, by the stream's name (`btcusdt@aggTrade`)."""
    for pattern, name in _found(_STREAM, streams):
        words = re.sub(r"<symbol>|<pair>", "[a-z]+", re.escape(pattern).replace("\\<", "<").replace("\\>", ">"))
        words = re.sub(r"_<contractType>", "_[a-z]+", words)
        words = re.sub(r"@<updateSpeed>", r"(@\\w+)?", words)
        if re.fullmatch(re.sub(r"<\w+>", r"\\w+", words), stream):
            return _model(stream_models, name)
    return None


def user_event_model(event: str) -> Model | None:
    """Return the model of a user event, by its name."""
    found: Model | None = resolve_model_from_event(stream_models.UserDataStreamEventsResponse, event)
    return found


def validated(model: Model, document: Any) -> None:
    """Let the SDK's own model read a document, as strictly as it does first. Raises pydantic.ValidationError."""
    rows = document if isinstance(document, list) else [document]
    if "actual_instance" in model.model_fields:
        model.from_dict(document)  # type: ignore[attr-defined]  # generated models have it
        return
    for row in rows:
        if isinstance(row, dict):
            model.model_validate(row)


def findings(model: Model, document: Any) -> set[str]:
    """Return what differs between a document and its model, places as `a.b`."""
    rows = document if isinstance(document, list) and "actual_instance" not in model.model_fields else [document]
    known = [row for row in rows if not isinstance(row, list)]  # candles are lists of values, which no model describes
    return {finding for row in known for finding in _walk(model, row, "")}


def _walk(kind: Any, value: Any, place: str) -> Iterator[str]:
    """Yield the findings of a value that should be of this kind."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        base, *rest = parts
        strict = any(getattr(extra, "strict", None) for extra in rest)
        yield from _scalar(base, value, place) if strict else _walk(base, value, place)
    elif origin in {Union, UnionType}:
        tried = [sorted(_walk(part, value, place)) for part in parts if part is not type(None)]
        itself = (
            f"mistyped {place}:"  # an object where a list is meant, or the reverse, is not the form to compare with
        )
        yield from [] if value is None else min(tried, key=lambda found: (itself in " ".join(found), len(found), found))
    elif origin is list and isinstance(value, list):
        for one in value:
            yield from _walk(parts[0], one, f"{place}[]")
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(value, dict):
        yield from _fields(kind, value, place)
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and "actual_instance" in kind.model_fields:
        yield from _walk(kind.model_fields["actual_instance"].annotation, value, place)
    elif kind is not Any:
        yield from _scalar(kind, value, place)


def _fields(model: Model, value: dict[str, Any], place: str) -> Iterator[str]:
    if "actual_instance" in model.model_fields:
        yield from _walk(model.model_fields["actual_instance"].annotation, value, place)
        return
    known = {
        field.alias or name: field for name, field in model.model_fields.items() if not _OWN_FIELDS.fullmatch(name)
    }
    yield from (f"missing {place}.{name}" for name in known if name not in value)
    for name, one in value.items():
        if name in known:
            metadata = tuple(known[name].metadata)
            annotation: Any = known[name].annotation
            yield from _walk(Annotated[annotation, *metadata] if metadata else annotation, one, f"{place}.{name}")
        else:
            yield f"unknown {place}.{name}"


def _scalar(kind: Any, value: Any, place: str) -> Iterator[str]:
    if type(value) is not kind:
        yield f"mistyped {place}: {type(value).__name__}, not {getattr(kind, '__name__', kind)}"


def _found(pattern: re.Pattern[str], package: Any) -> list[Any]:
    """Return what a pattern finds in the sources of a package's modules."""
    modules = [value for value in vars(package).values() if inspect.ismodule(value)]
    sources = [inspect.getsource(module) for module in modules]
    return [found for source in sources for found in pattern.findall(source)]


def _model(models: Any, name: str | None) -> Model | None:
    found: Model | None = getattr(models, name, None) if name else None
    return found
