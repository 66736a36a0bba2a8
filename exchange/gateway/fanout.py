"""Who hears which stream: sources are set to work, asked when it is time, and each message is encoded once. No sockets.

Every message is encoded at most twice whoever listens: as it is, and wrapped as `{"stream", "data"}`. All who hear it
share those bytes. Timed streams are sampled here, by timers of the event loop, never by the core. A source that fails
has lost a message, so its readers would be wrong without knowing it: that ends the venue, in a timer as in a batch.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import orjson

from exchange.core.contract import Contract
from exchange.core.events import Event
from exchange.dialects.binance.streams.event_order import EventOrder, account_first
from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.dialects.binance.streams.sources import Source
from exchange.dialects.binance.streams.table import EVERY_BATCH, Stream, find_stream
from exchange.dialects.binance.streams.user_events import listen_key_expired, user_events
from exchange.gateway.timing import Channel, Kind, Timing
from exchange.projections.market_data import MarketData
from exchange.runtime.sequencer import Applied

KEY_CHECK_MS = 1_000  # so long may a user stream outlive its key
MS_PER_SECOND = 1_000


class Reader(Protocol):
    """One connection that hears streams. `send` must neither wait nor raise."""

    combined: bool  # wants messages wrapped with the name of their stream

    def send(self, frame: bytes, key: str | None = None) -> None:
        """Take a message to be sent, in the place of one with the same key that still waits; its bytes are shared."""
        ...

    def wants(self, event_name: str) -> bool:
        """Tell whether it asked for user events of this name."""
        ...


class _Topic:
    """One stream and its readers, oldest first."""

    __slots__ = ("_channel", "_head", "name", "readers")

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self.readers: dict[Reader, None] = {}
        self._channel = channel
        self._head = b'{"stream":' + orjson.dumps(name) + b',"data":'

    def send(self, message: object, event_name: str | None = None, key: str | None = None) -> None:
        """Encode a message once, and have it given to every reader that wants it then."""
        if event_name is not None and not any(reader.wants(event_name) for reader in self.readers):
            return
        raw = orjson.dumps(message)
        self._channel.carry(lambda: self._give(raw, event_name, key))

    def _give(self, raw: bytes, event_name: str | None, key: str | None) -> None:
        """Wrap a message at most once, and give it to the readers."""
        wrapped: bytes | None = None
        for reader in self.readers:
            if event_name is not None and not reader.wants(event_name):
                continue
            if reader.combined and wrapped is None:
                wrapped = self._head + raw + b"}"
            reader.send(wrapped if reader.combined and wrapped is not None else raw, key)


class _MarketTopic(_Topic):
    """A market stream at work."""

    __slots__ = ("source", "stream")

    def __init__(self, stream: Stream, channel: Channel) -> None:
        super().__init__(stream.name, channel)
        self.stream = stream
        self.source: Source = stream.make_source()

    def sample(self, now_ms: int) -> None:
        """Ask the source what it has to say, and send it."""
        for message in self.source.take(now_ms):
            kind = self.stream.supersedes(message)
            self.send(message, key=None if kind is None else f"{self.name} {kind}")


class _UserTopic(_Topic):
    """A user stream."""

    __slots__ = ("account_id",)

    def __init__(self, key: str, account_id: int, channel: Channel) -> None:
        super().__init__(key, channel)
        self.account_id = account_id


class Fanout:
    """All streams that somebody hears. Make it on a running loop's thread; `close` stops its timers."""

    def __init__(
        self,
        market_data: MarketData,
        contracts: Mapping[str, Contract],
        listen_keys: ListenKeys,
        now_ms: Callable[[], int],
        on_fault: Callable[[str], None],
        timing: Timing | None = None,
        event_order: EventOrder = account_first,
    ) -> None:
        """Start with no stream. `now_ms` tells wall time, for event times and the ends of listen keys.

        `timing`: when messages reach their readers, at once unless given. `event_order`: how a fill is told.

        `on_fault` is told of an error of our own in a timer and ends the venue; `publish` raises its own.
        """
        self._market_data = market_data
        self._contracts = contracts
        self._listen_keys = listen_keys
        self._now_ms = now_ms
        self._on_fault = on_fault
        self._event_order = event_order
        self._timing = timing or Timing("instant", 0, asyncio.get_running_loop)
        self._markets: dict[str, _MarketTopic] = {}
        self._users: dict[int, _UserTopic] = {}  # by account
        self._by_period: dict[int, list[_MarketTopic]] = {}
        self._by_event: dict[type[Event], list[Source]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def knows(self, name: str) -> bool:
        """Tell whether a name is a market stream or a live listen key."""
        return self.account_of(name) is not None or find_stream(self._market_data, name) is not None

    def join(self, name: str, reader: Reader) -> None:
        """Let a reader hear a stream; `knows` must have said that there is one."""
        account_id = self.account_of(name)
        if account_id is not None:
            user = self._users.get(account_id)
            if user is not None and user.name != name:  # its key ended, and a new one was made before the check
                user.send(listen_key_expired(user.name, self._now_ms()))
                user = None
            if user is None:
                channel = self._timing.channel(Kind.USER, str(account_id))
                user = self._users[account_id] = _UserTopic(name, account_id, channel)
            user.readers[reader] = None
            self._set_timer(KEY_CHECK_MS)
            return
        topic = self._markets.get(name)
        if topic is None:
            stream = find_stream(self._market_data, name)
            assert stream is not None, f"nobody asked whether {name!r} is a stream"
            topic = self._markets[name] = _MarketTopic(stream, self._timing.channel(Kind.MARKET, name))
            self._index()
            self._set_timer(stream.period_ms)
        topic.readers[reader] = None
        topic.source.renew()

    def leave(self, name: str, reader: Reader) -> None:
        """Let a reader hear a stream no more; the last one to leave ends its work."""
        topic = self._markets.get(name)
        if topic is not None:
            topic.readers.pop(reader, None)
            if not topic.readers:
                del self._markets[name]
                self._index()
            return
        for account_id, user in self._users.items():
            if user.name == name:
                user.readers.pop(reader, None)
                if not user.readers:
                    del self._users[account_id]
                return

    def publish(self, batch: Sequence[Applied]) -> None:
        """Take in a batch that is durable, after the projections have. Subscribe this to the sequencer."""
        if not self._markets and not self._users:
            return
        now_ms = self._now_ms()
        for applied in batch:
            for event in applied.events:
                for source in self._by_event.get(type(event), ()):
                    source.fold(applied.ts, event)
            if self._users:
                told = user_events(self._contracts, applied.ts, applied.events, now_ms, self._users)
                for user_event in self._event_order(told):
                    self._users[user_event.account_id].send(user_event.payload, user_event.name)
        self._sample(EVERY_BATCH, now_ms)

    def close(self) -> None:
        """Stop all timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def account_of(self, name: str) -> int | None:
        """Return whose user stream a name is; None: it is no live listen key."""
        return self._listen_keys.account_of(name, self._now_ms())

    def _index(self) -> None:
        """Arrange the streams by period and by the events that they take."""
        self._by_period = {}
        self._by_event = {}
        for topic in self._markets.values():
            self._by_period.setdefault(topic.stream.period_ms, []).append(topic)
            for event_type in topic.source.takes:
                self._by_event.setdefault(event_type, []).append(topic.source)

    def _sample(self, period_ms: int, now_ms: int) -> None:
        """Ask every stream of a period what it has to say, and send it."""
        for topic in self._by_period.get(period_ms, ()):
            topic.sample(now_ms)

    def _set_timer(self, period_ms: int) -> None:
        """Have the streams of a period asked once it is over, unless that is arranged already."""
        if period_ms != EVERY_BATCH and period_ms not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[period_ms] = loop.call_later(period_ms / MS_PER_SECOND, self._on_timer, period_ms)

    def _on_timer(self, period_ms: int) -> None:
        """Ask the streams of a period, and again later while there are any."""
        del self._timers[period_ms]
        try:
            now_ms = self._now_ms()
            if period_ms == KEY_CHECK_MS:
                self._end_keys(now_ms)
            self._sample(period_ms, now_ms)
        except Exception:  # noqa: BLE001 - the loop would log it and go on without this period
            self._on_fault(traceback.format_exc())
            return
        if period_ms in self._by_period or (period_ms == KEY_CHECK_MS and self._users):
            self._set_timer(period_ms)

    def _end_keys(self, now_ms: int) -> None:
        """End the user streams whose key ran out or was ended by its owner, and tell their readers."""
        self._listen_keys.expire(now_ms)
        for account_id, topic in list(self._users.items()):
            if self._listen_keys.account_of(topic.name, now_ms) is None:
                topic.send(listen_key_expired(topic.name, now_ms))
                del self._users[account_id]
