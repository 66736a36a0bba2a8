"""What comes from outside of a simulated venue: prices of sources, lost sources, halts. It changes nothing."""

from exchange.core.commands import Annotate, Command, DropIndexSource, SetIndexPrice, SetMarketState
from exchange.core.enums import MarketState, SourceStatus
from exchange.core.units import RATE_ONE, Nanos, Ticks
from tests.reference.world import Leg, position_of
from tests.simulation.ingredients import Ingredients


class Outside:
    """Draws commands of feeds and operators."""

    def __init__(self, ingredients: Ingredients) -> None:
        self._of = ingredients
        self._random = ingredients.random

    def index_price(self) -> Command:
        """Move the price of all sources, or of one on its own, a little; rarely by a crash, or to nonsense."""
        random, symbol = self._random, self._of.symbol()
        base, quotes = self._of.base.get(symbol, 100), self._of.world.quotes.get(symbol)
        source = self._source(symbol, whole=0.4)
        price = quotes.index if quotes is not None and quotes.index else base
        if quotes is not None and source in quotes.sources and random.random() < 0.5:
            price = quotes.sources[source].price or price
        step = self._of.knobs.crash_step if random.random() < 0.07 else self._of.knobs.index_step
        moved = price * (RATE_ONE + random.randint(-step, step)) // RATE_ONE + random.choice((-1, 0, 1))
        if random.random() < 0.1:  # home again, so that lives do not drift out of their bands
            moved = (moved + base) // 2
        if random.random() < 0.01:
            moved = random.choice((0, -3, base * 20 + 1, 1, 2))
        return SetIndexPrice(symbol, Ticks(moved), Nanos(self._of.world.now - random.choice((0, 5))), source)

    def move_against(self, leg: Leg, most: int = 2_000_000) -> Command:
        """Move the price of all sources against a position: a little, or by at most so much, in 1e-8."""
        return self._move(leg, -self._random.randint(1, most))

    def move_for(self, leg: Leg, most: int) -> Command:
        """Move the price of all sources in favour of a position, by at most so much, in 1e-8."""
        return self._move(leg, self._random.randint(most // 2, most))

    def _move(self, leg: Leg, gain: int) -> Command:
        quotes, held = self._of.world.quotes[leg.symbol], position_of(self._of.world, leg).quantity
        step = -gain if held < 0 else gain
        highest = self._of.world.contracts[leg.symbol].max_price
        price = max(1, min(highest, quotes.index * (RATE_ONE + step) // RATE_ONE))
        return SetIndexPrice(leg.symbol, Ticks(price), Nanos(self._of.world.now))

    def drop_source(self) -> Command:
        """Lose one source, or all."""
        symbol = self._of.symbol()
        return DropIndexSource(symbol, self._source(symbol, whole=0.3))

    def _source(self, symbol: str, whole: float) -> str:
        """Return a source of a contract, with a chance of `whole` none (all of them), rarely one that is not there."""
        quotes = self._of.world.quotes.get(symbol)
        if self._random.random() < 0.01:
            return "nosuch"
        return "" if quotes is None or self._random.random() < whole else self._random.choice(tuple(quotes.sources))

    def market_state(self) -> Command:
        """Halt, restrict or open a contract; those that are not open are most often opened."""
        states = (*(MarketState.TRADING,) * 4, MarketState.HALTED, MarketState.CANCEL_ONLY, MarketState.INDEX_STALE)
        closed = self.closed()
        if closed and self._random.random() < 0.7:
            return SetMarketState(closed[0], MarketState.TRADING)
        return SetMarketState(self._of.symbol(), self._random.choice(states))

    def revive(self) -> Command:
        """Price a contract whose index is stale."""
        stale = [symbol for symbol, quotes in self._of.world.quotes.items() if quotes.stale]
        if not stale:
            return self.index_price()
        quotes = self._of.world.quotes[stale[0]]
        lost = [name for name, source in quotes.sources.items() if source.status is not SourceStatus.LIVE]
        return SetIndexPrice(stale[0], Ticks(quotes.index), Nanos(self._of.world.now), self._random.choice(lost))

    def closed(self) -> list[str]:
        """Return the contracts that an operator or a circuit breaker closed."""
        opened = {MarketState.TRADING, MarketState.INDEX_STALE}
        return [symbol for symbol, quotes in self._of.world.quotes.items() if quotes.state not in opened]

    def stale(self) -> bool:
        """Tell whether any index is stale."""
        return any(quotes.stale for quotes in self._of.world.quotes.values())

    def annotate(self) -> Command:
        """Record a text."""
        return Annotate(self._random.choice(("news", "k" * 33)), self._random.choice(("a text", "t" * 4097)))
