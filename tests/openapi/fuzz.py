"""Calls the REST side as its OpenAPI document says, and as it does not, and holds each answer against the document.

`python -m tests.openapi.fuzz --calls 20000` serves a venue of its own and prints what it found. Found is: a status that
is not in the document, any 5xx, a body that is no JSON, or not of its schema. Same seed, same calls.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from requests.auth import AuthBase
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    status_code_conformance,
)

from exchange.core.commands import CreateAccount, SetIndexPrice
from exchange.core.events import AccountCreated
from exchange.core.units import ATOMS_PER_QUOTE, MILLISECOND, SECOND, Atoms, Ticks
from exchange.gateway.server import serve
from exchange.runtime.app import open_app
from exchange.runtime.settings import Settings
from tests.openapi.answers import Answers
from tests.openapi.sensible import Sense
from tests.runtime.manual_clock import ManualClock

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SENSIBLE = 0.8  # of the calls get a listed symbol where they name one, and are signed as they should
ROUND = 10  # calls of an endpoint and mode in a row; then the others have their turn
FOUND_MAX = 20  # kept with their text
START = 1_764_000_000 * SECOND
PAUSE = SECOND // 4  # between two calls, in the venue's time: marks, dates and periods pass


@dataclass(slots=True)
class Report:
    """What came of the calls."""

    statuses: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)  # by the dialect's code
    endpoints: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)  # endpoints that answered 200 at least once
    found: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """How many calls were answered."""
        return self.statuses.total()


@dataclass(frozen=True, slots=True)
class Venue:
    """A served venue, and three keys: of accounts with much money, with little, and with none."""

    url: str
    keys: tuple[tuple[str, str], ...]
    clock: ManualClock


class Signer(AuthBase):
    """Signs a prepared request over its query as sent, in place of the signature and the time that it carries."""

    def __init__(self, venue: Venue, key: tuple[str, str]) -> None:
        self._venue, self._key = venue, key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        parts = urlsplit(str(request.url))
        pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in _OF_SIGNATURE]
        query = urlencode([*pairs, ("timestamp", str(self._venue.clock.now() // MILLISECOND))])
        signature = hmac.new(self._key[1].encode(), query.encode(), hashlib.sha256).hexdigest()
        request.url = urlunsplit(parts._replace(query=f"{query}&signature={signature}"))
        request.headers["X-MBX-APIKEY"] = self._key[0]
        return request


_OF_SIGNATURE = ("timestamp", "signature")


def fuzz(venue: Venue, calls: int, number: int) -> Report:
    """Make at least so many calls, half of them as documented, spread over all endpoints; `number` seeds them."""
    report, chance = Report(), random.Random(number)
    with requests.Session() as session:
        document = session.get(f"{venue.url}/sim/v1/openapi.json", timeout=10).json()
        results = schemathesis.openapi.from_dict(document).get_all_operations()
        operations = [result.ok() for result in results if isinstance(result, Ok)]
        assert len(operations) == sum(map(len, document["paths"].values())), "every endpoint can be called"
        caller = _Caller(venue, session, report, chance, Answers(document), Sense(chance, venue.keys))
        while report.calls < calls:
            each = min(ROUND, max(1, (calls - report.calls) // (len(operations) * len(MODES))))
            chance.shuffle(operations)
            for operation in operations:
                for mode in MODES:
                    _fuzz_one(operation, mode, each, caller)
    return report


@dataclass(slots=True)
class _Caller:
    venue: Venue
    session: requests.Session
    report: Report
    chance: random.Random
    answers: Answers
    sense: Sense

    def __call__(self, case: Any, mode: GenerationMode) -> None:
        key = self.chance.choice(self.venue.keys)
        sensible = mode is GenerationMode.POSITIVE and self.chance.random() < SENSIBLE
        if sensible:
            key = self.sense.make(case.method.upper(), case.path, case.query)
        signed = sensible or self.chance.random() < SENSIBLE
        auth = Signer(self.venue, key) if signed else None
        self.venue.clock.advance(PAUSE)
        response = case.call(base_url=self.venue.url, session=self.session, auth=auth, timeout=10)
        name = f"{case.method} {case.path}"
        self.report.endpoints.add(name)
        self.report.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
            faults = self.answers.faults(case.method, case.path, response.status_code, response.json())
        except (Failure, FailureGroup) as failure:
            faults = [str(failure)]
        if faults:
            self._note(f"{name} {case.query}: {response.status_code} {response.text[:300]}: {faults}")
        if response.status_code == 200:
            self.report.done.add(name)
            if not case.path.endswith("/test"):  # it answers an order that nobody placed
                self.sense.note(key, response.json())
        else:
            self.report.refused[_code(response.text)] += 1

    def _note(self, text: str) -> None:
        if len(self.report.found) < FOUND_MAX:
            self.report.found.append(text)


def _fuzz_one(operation: Any, mode: GenerationMode, count: int, caller: _Caller) -> None:
    """Make `count` calls of one endpoint; there may be fewer where there is nothing to do wrong."""

    @seed(caller.chance.randrange(2**32))
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        caller(case, mode)

    try:
        call()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, f"{operation.label}: no call is as documented"


def _code(text: str) -> int:
    try:
        return int(json.loads(text)["code"])
    except (ValueError, KeyError, TypeError):
        return 0


@contextmanager
def venue_in_a_thread(folder: Path) -> Iterator[Venue]:
    """Serve a venue without limits on a loop of its own. Its clock moves by hand: same calls, same outcome."""
    ready: list[Venue] = []
    begun, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(folder, ready, begun, end)))
    thread.start()
    try:
        begun.wait(30)
        yield ready[0]
    finally:
        end.set()
        thread.join(30)


async def _serve(folder: Path, ready: list[Venue], begun: threading.Event, end: threading.Event) -> None:
    """Serve until `end`; tell the venue in `ready` and then `begun`."""
    clock = ManualClock(START)
    app = open_app(Settings(data_folder=folder, index="manual", limits="off"), clock=clock)
    await app.start()
    for symbol, price in (("BTCUSDT", 500_000), ("ETHUSDT", 250_000)):
        await app.sequencer.submit(SetIndexPrice(symbol, Ticks(price)))
    keys = []
    for deposit in (1_000_000, 100, 0):
        applied = await app.sequencer.submit(CreateAccount("trader", Atoms(deposit * ATOMS_PER_QUOTE), Atoms(0)))
        created = next(event for event in applied.events if isinstance(event, AccountCreated))
        key = app.keys.issue(created.account_id)
        keys.append((key.api_key, key.secret_key))
    serving = await serve(app, "127.0.0.1", 0)
    ready.append(Venue(f"http://127.0.0.1:{serving.port}", tuple(keys), clock))
    begun.set()
    try:
        await asyncio.get_running_loop().run_in_executor(None, end.wait)
    finally:
        await serving.stop()
        await app.close()


def main() -> None:
    """Make many calls of a venue in a temporary folder; exit 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.monotonic()
    with TemporaryDirectory() as folder, venue_in_a_thread(Path(folder) / "data") as venue:
        report = fuzz(venue, asked.calls, asked.seed)
    sys.stdout.write(f"{report.calls} calls of {len(report.endpoints)} endpoints in {time.monotonic() - begun:.0f} s\n")
    sys.stdout.write(f"statuses: {dict(sorted(report.statuses.items()))}\n")
    sys.stdout.write(f"codes of errors: {dict(report.refused.most_common())}\n")
    sys.stdout.write(f"never done: {sorted(report.endpoints - report.done)}\n")
    sys.stdout.write("\n".join(report.found) or "nothing found")
    sys.stdout.write("\n")
    sys.exit(1 if report.found else 0)


if __name__ == "__main__":
    main()
