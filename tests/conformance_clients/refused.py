"""How a cell says that a call must be refused. Standard library only."""

from collections.abc import Awaitable

from tests.conformance_clients.client import ConformanceClient, NotApplicableError


async def refused(client: ConformanceClient, kind: str, code: int, call: Awaitable[object]) -> None:
    """Await a call that must raise the client's own exception of this kind, with the venue's code in it."""
    try:
        answer = await call
    except NotApplicableError:
        raise
    except client.errors[kind] as error:
        found = client.code_of(error)
        if found != code:
            raise AssertionError(f"{type(error).__name__} with code {found}, not {code}") from error
    except Exception as error:
        names = " or ".join(expected.__name__ for expected in client.errors[kind])
        raise AssertionError(f"{type(error).__name__} instead of {names}: {error}") from error
    else:
        raise AssertionError(f"not refused with {code}, but answered {answer!r}")
