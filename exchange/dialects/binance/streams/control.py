"""What is said on a stream connection besides events: requests and their answers. It knows no stream and no socket."""

from dataclasses import dataclass
from typing import Literal

import orjson

METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
PROPERTY = "combined"
ERROR_CODE = 2
_SET_PARAMS = 2

RequestId = int | str | None


@dataclass(frozen=True, slots=True)
class Control:
    """One request on a stream connection; `request_id` is echoed as it came. `params` are names, or a property."""

    method: Literal["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"]
    params: tuple[str, ...]
    request_id: RequestId
    value: bool = False


class ControlError(Exception):
    """A request that cannot be done; `body` is the answer."""

    def __init__(self, reason: str, request_id: RequestId = None) -> None:
        """Keep why, and the id to echo."""
        super().__init__(reason)
        self.body: dict[str, object] = {
            "error": {"code": ERROR_CODE, "msg": f"Invalid request: {reason}"},
            "id": request_id,
        }


def parse_control(data: bytes | str) -> Control:
    """Return the request in a message. Raises ControlError for broken JSON, wrong types and unknown methods."""
    try:
        message = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ControlError("the message is no JSON") from error
    if not isinstance(message, dict):
        raise ControlError("the message is no JSON object")
    request_id = message.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str | None):
        raise ControlError("request ID must be an integer, a string or null")
    method, params = message.get("method"), message.get("params", [])
    if method not in METHODS:
        expected = ", ".join(f"`{known}`" for known in METHODS)
        raise ControlError(f"unknown variant, expected one of {expected}", request_id)
    if not isinstance(params, list):
        raise ControlError("params must be a list", request_id)
    if method == "SET_PROPERTY":
        if params[:1] != [PROPERTY] or len(params) != _SET_PARAMS or not isinstance(params[1], bool):
            raise ControlError(f'SET_PROPERTY takes ["{PROPERTY}", true or false]', request_id)
        return Control(method, (PROPERTY,), request_id, params[1])
    if not all(isinstance(name, str) for name in params):
        raise ControlError("params must be strings", request_id)
    if method == "GET_PROPERTY" and params != [PROPERTY]:
        raise ControlError(f'GET_PROPERTY takes ["{PROPERTY}"]', request_id)
    if method in {"SUBSCRIBE", "UNSUBSCRIBE"} and not params:
        raise ControlError("params must name a stream", request_id)
    return Control(method, tuple(params), request_id)


def answer(result: object, request_id: RequestId) -> dict[str, object]:
    """Return the answer to a request that was done."""
    return {"result": result, "id": request_id}
