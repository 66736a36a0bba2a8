"""The users of a load run: traders over REST and over the WebSocket API, readers, a flooder, the leveraged, teams.

Every trader opens an account of its own over the control API; the bots of a team share one. What all users of a process
share stands in `Place`, which the locust file sets before the first one starts.
"""

import itertools
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar

import gevent
from locust import User, task

from clients.ready import Credentials
from loadtests.book_check import CheckedBook
from loadtests.callers import LOST, Caller, Note, RestCaller, SocketCaller, next_event, open_stream
from loadtests.control import Control
from loadtests.hand import LOTS_PER_BASE, Hand, Touch
from loadtests.outcomes import FLOOD, OK, unheard
from loadtests.plan import SYMBOL, Phase, Plan, phase_at, phases

DEPOSIT = "2000000"
STREAMS = ("depth@100ms", "bookTicker", "aggTrade", "markPrice@1s")
RETRY_S = 1.0
CROSSED_CHECK_S = 1.0
COMPARE_S = 10.0  # the stream is not read meanwhile, so not often
WATCH_S = 0.5
FLOOD_BURST = 20
STAKES = (500, 1_000, 2_000)
LEVERAGES = (10, 15, 20, 25, 50)
ENTRY_ORDERS = 3
ENTRY_SHARE = 0.9  # of what the stake carries


@dataclass(slots=True)
class Place:
    """What the users of one process share: the plan, where to note calls, the market, and when the run began."""

    plan: Plan
    note: Note
    control: Control
    touch: Touch = field(default_factory=Touch)
    parts: list[Phase] = field(default_factory=list)
    began: float = 0.0
    worker: int = 0
    numbers: dict[str, "itertools.count[int]"] = field(default_factory=dict)

    def begin(self, worker: int) -> None:
        """Note the run's start, and which of the workers this process is."""
        self.began, self.worker = time.time(), worker
        self.parts = phases(self.plan.shape, self.plan.seconds)

    def phase(self) -> str:
        """Return the name of the phase that it is."""
        return phase_at(self.parts, time.time() - self.began)

    def number(self, kind: str) -> int:
        """Return the next number of a kind of user; workers count past each other."""
        return next(self.numbers.setdefault(kind, itertools.count())) * self.plan.workers + self.worker


class Bot(User):
    """Any user. Locust makes one object of a class for each user that it starts."""

    abstract = True
    place: ClassVar[Place]
    name: str
    chance: Random
    due: float

    def wait_time(self) -> float:
        """Return the pause until the next call is due: calls fall due by chance, at the shape's rate.

        Who is late asks at once until it has caught up. Even pauses would not do: users that once waited for the same
        answer would go on asking in step.
        """
        now = time.monotonic()
        self.due = (self.due or now) + self.chance.expovariate(self.place.plan.kind.rate)
        return max(0.0, self.due - now)

    def account(self) -> Credentials:
        """Open an account of its own."""
        return self.place.control.create_account(self.name, DEPOSIT)

    def on_start(self) -> None:
        """Name the user and give it its chance."""
        self.due = 0.0
        self.name = f"{type(self).__name__}{self.place.number(type(self).__name__)}"
        self.chance = Random(f"{self.place.plan.seed}:{self.name}")


class Trader(Bot):
    """Keeps some limit orders near the index, cancels, takes, and asks how its orders and positions stand."""

    abstract = True

    def caller(self, account: Credentials) -> Caller:
        """Return the trader's way to the venue."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Open the account and the way."""
        super().on_start()
        self.hand = Hand(self.name, self.place.touch, self.chance)
        self.way = self.caller(self.account())
        gevent.sleep(self.wait_time())

    def wait_time(self) -> float:
        """Return the pause until the next call is due, and tell its way when that is."""
        pause = super().wait_time()
        self.way.due_s = self.due
        return pause

    def on_stop(self) -> None:
        """Give the connection back."""
        self.way.close()

    @task(45)
    def place_limit(self) -> None:
        """Place a limit order, and remember it while it works."""
        order = self.hand.limit()
        reply = self.way.ask("limit", order)
        if reply.done and reply.body["status"] in {"NEW", "PARTIALLY_FILLED"}:
            self.hand.working.append(str(order["newClientOrderId"]))

    @task(30)
    def cancel(self) -> None:
        """Cancel the oldest order that may still work."""
        if oldest := self.hand.oldest():
            self.way.ask("cancel", oldest)
        else:
            self.place_limit()

    @task(8)
    def take(self) -> None:
        """Send a market order."""
        self.way.ask("market", self.hand.market())

    @task(10)
    def query(self) -> None:
        """Ask for an order."""
        if some := self.hand.any_working():
            self.way.ask("query", some)
        else:
            self.place_limit()

    @task(7)
    def positions(self) -> None:
        """Ask for all positions."""
        self.way.ask("positions", {})


class RestTrader(Trader):
    """Trades over REST."""

    def caller(self, account: Credentials) -> Caller:
        """Return a REST connection."""
        return RestCaller(self.place.plan.rest, account, self.place.note)


class SocketTrader(Trader):
    """Trades over the WebSocket API; every second one logs on, the others sign each request."""

    def caller(self, account: Credentials) -> Caller:
        """Return a connection of the WebSocket API."""
        logs_on = account.account_id % 2 == 0
        return SocketCaller(self.place.plan.ws, account, self.place.note, logs_on=logs_on)


class Flooder(Bot):
    """Sends orders with one key as fast as they are answered, while the flood lasts: all flooders have the same key."""

    def account(self) -> Credentials:
        """Share the first team's key."""
        return self.place.plan.teams[0]

    def on_start(self) -> None:
        """Open the way."""
        super().on_start()
        self.hand = Hand(self.name, self.place.touch, self.chance)
        self.way = RestCaller(self.place.plan.rest, self.account(), self.place.note, door=FLOOD)

    @task
    def flood(self) -> None:
        """Send a burst; before and after the flood, nothing."""
        for _ in range(FLOOD_BURST):
            if self.place.phase() != "flood":
                gevent.sleep(WATCH_S)
                return
            self.way.ask("limit", self.hand.limit())

    def wait_time(self) -> float:
        """Return no pause."""
        return 0.0


class Leveraged(Bot):
    """A small long account at high leverage: it enters before the fall, holds, and is liquidated or lives."""

    def on_start(self) -> None:
        """Open the account, choose a leverage."""
        super().on_start()
        self.hand = Hand(self.name, self.place.touch, self.chance)
        self.stake = self.chance.choice(STAKES)
        self.leverage = self.chance.choice(LEVERAGES)
        self.entries = 0
        self.way = RestCaller(self.place.plan.rest, self.account(), self.place.note, door="leveraged")
        self.way.ask("leverage", {"symbol": SYMBOL, "leverage": self.leverage})

    def account(self) -> Credentials:
        """Open an account with its stake."""
        return self.place.control.create_account(self.name, str(self.stake))

    @task
    def live(self) -> None:
        """Enter in a few orders, then watch."""
        if self.entries < ENTRY_ORDERS and self.place.phase() == "before":
            value = ENTRY_SHARE * self.stake * self.leverage / ENTRY_ORDERS
            lots = int(value / self.place.touch.index * LOTS_PER_BASE)
            self.way.ask("market", self.hand.market("BUY", max(1, lots)))
            self.entries += 1
        else:
            self.way.ask("positions", {"symbol": SYMBOL})

    def wait_time(self) -> float:
        """Return a pause about the watch's interval."""
        return self.chance.uniform(WATCH_S, 2 * WATCH_S)


class Reader(Bot):
    """Hears a contract's public streams and keeps its book through diffs, checking their chain; it never trades."""

    def account(self) -> Credentials:
        """Ask without a key of its own: what is public asks for none."""
        return Credentials(0, "", "")

    def on_start(self) -> None:
        """Start with no book."""
        super().on_start()
        self.book = CheckedBook()
        self.rest = RestCaller(self.place.plan.rest, self.account(), self.place.note, door="reader")

    @task
    def follow(self) -> None:
        """Hear the streams until they end; Locust ends a user by killing its greenlet."""
        checked, compared = 0.0, time.time()
        try:
            socket_ = open_stream(self.place.plan.ws, [f"{SYMBOL.lower()}@{stream}" for stream in STREAMS])
            self._synchronise()
            while True:
                event = next_event(socket_)
                now = time.time()
                if event["e"] == "depthUpdate":
                    self._apply(event, now)
                    if now - compared > COMPARE_S:
                        self._ask_witness()
                        compared = now
                    if now - checked > CROSSED_CHECK_S:
                        self.place.note("stream", "book looked at", now, 0.0, self.book.stand())
                        checked = now
                elif event["e"] == "aggTrade":
                    self.place.note("stream", "aggTrade", now, now * 1e3 - event["E"], OK)
        except LOST as error:
            self.place.note("stream", "connection", time.time(), 0.0, unheard(error))
            gevent.sleep(RETRY_S)

    def _apply(self, event: dict[str, Any], now: float) -> None:
        """Take in a diff; `E` is whole milliseconds of venue time, which is wall time, so the delay is as coarse."""
        if outcome := self.book.compare(event):
            self.place.note("stream", "book compared", now, 0.0, outcome)
        outcome = self.book.hear(event)
        self.place.note("stream", "depth", now, now * 1e3 - event["E"], outcome)
        if outcome != OK:
            self._synchronise()

    def _ask_witness(self) -> None:
        reply = self.rest.snapshot(SYMBOL)
        if reply.done:
            self.book.expect(reply.body)

    def _synchronise(self) -> None:
        reply = self.rest.snapshot(SYMBOL)
        if reply.done:
            self.book.reset(reply.body)


class TeamRest(RestTrader):
    """A team's bot that trades over REST."""

    def account(self) -> Credentials:
        """Share the team's key."""
        return team_of(self)


class TeamSocket(SocketTrader):
    """A team's bot that trades over the WebSocket API."""

    def account(self) -> Credentials:
        """Share the team's key."""
        return team_of(self)


class TeamReader(Reader):
    """A team's bot that hears the public streams; it shows the team's key where it asks for the book."""

    def account(self) -> Credentials:
        """Share the team's key."""
        return team_of(self)


def team_of(bot: Bot) -> Credentials:
    """Return the key of the team that a bot belongs to: its number's."""
    teams = bot.place.plan.teams
    number = int(bot.name.removeprefix(type(bot).__name__))
    return teams[number % len(teams)]


USERS = {
    kind.__name__: kind
    for kind in (RestTrader, SocketTrader, Reader, Flooder, Leveraged, TeamRest, TeamSocket, TeamReader)
}
