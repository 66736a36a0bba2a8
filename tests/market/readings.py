"""The verbs of the market tables that ask: each reads one thing off the venue, as text. They change nothing."""

from collections.abc import Callable
from fractions import Fraction

from exchange.core import margin
from exchange.core.account import Account, Scope
from exchange.core.enums import Side
from exchange.core.fund import fund_notional
from exchange.core.funding import predicted_rate
from exchange.core.liquidation_price import exact_prices, liquidation_price
from exchange.core.state import Market, State
from exchange.core.units import ATOMS_PER_QUOTE
from tests.market.conditional_words import stops
from tests.market.notation import lasting, plain
from tests.market.stage import Stage, side_among


def _book(stage: Stage, words: list[str]) -> str:
    """`book -> bids 1@99 2@98 | asks none`."""
    market = stage.market(words)
    sides = []
    for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
        levels = [
            f"{plain(quantity * market.contract.step_e8)}@{plain(price * market.contract.tick_atoms)}"
            for price, quantity in market.book.depth(side, 100)
        ]
        sides.append(" ".join([name, *(levels or ["none"])]))
    return " | ".join(sides)


def _position(stage: Stage, words: list[str]) -> str:
    """`flat`, `long 1 @ 10000`, or, when the average price has no end, `long 0.003 for 29.99999`."""
    contract, position = stage.market(words).contract, stage.leg(words).position
    if not position.quantity:
        assert position.entry_value == 0
        return "flat"
    lots = abs(position.quantity)
    value = stage.names.value(contract.symbol, lots, abs(position.entry_value))
    return f"{'long' if position.quantity > 0 else 'short'} {plain(lots * contract.step_e8)} {value}"


def _orders(stage: Stage, words: list[str]) -> str:
    orders = stage.account(words[0]).holdings[stage.market(words).contract.symbol].orders
    return " ".join(stage.names.orders[order_id] for order_id in orders) or "none"


def _filled(stage: Stage, words: list[str]) -> str:
    """`filled o1 -> 0.5 of 1`."""
    order = stage.order(words[0])
    step = stage.names.contracts[order.symbol].step_e8
    return f"{plain(order.filled * step)} of {plain(order.quantity * step)}"


def _liquidation_price(stage: Stage, words: list[str]) -> str:
    """The price that is displayed for a position."""
    contract, account = stage.market(words).contract, stage.account(words[0])
    price = liquidation_price(stage.venue.state, account, contract.symbol, side_among(words))
    return "none" if price is None else plain(price * contract.tick_atoms)


def _exact_prices(stage: Stage, words: list[str]) -> str:
    """All prices at which the cross positions in a contract are liquidated, exact or as fractions, from low to high."""
    contract, account = stage.market(words).contract, stage.account(words[0])
    found = exact_prices(stage.venue.state, account, contract.symbol, side_among(words))
    prices = [Fraction(above, below) * contract.tick_atoms / ATOMS_PER_QUOTE for above, below, _ in found]
    return " ".join(str(price) for price in prices) or "none"


def _open_loss(stage: Stage, words: list[str]) -> int:
    return sum(
        margin.exposure_of(stage.venue.state.markets[symbol], holding, leg).open_loss
        for symbol, holding, leg in stage.account(words[0]).legs()
    )


def _source(stage: Stage, words: list[str]) -> str:
    """`source spot -> 10000 LIVE`."""
    market = stage.market(words)
    source = market.sources[words[0]]
    return f"{plain(source.price * market.contract.tick_atoms)} {source.status.name}"


def _next_funding(stage: Stage, words: list[str]) -> str:
    return lasting(stage.market(words).funding_due - stage.ts)


def _resumes(stage: Stage, words: list[str]) -> str:
    """When a scope in liquidation is looked at again: `until 30s` since the story began, or `at once`."""
    resume_at = stage.scope(words).resume_at
    return stage.names.until(resume_at) if resume_at else "at once"


def _holding_of(read: Callable[[Account, str], str]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: read(stage.account(words[0]), stage.market(words).contract.symbol)


def _price(read: Callable[[Market], int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage.market(words)) * stage.market(words).contract.tick_atoms)


def _of_market(read: Callable[[Market], int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage.market(words)))


def _money(read: Callable[[Stage, list[str]], int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage, words))


def _of_account(read: Callable[[State, Account], int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage.venue.state, stage.account(words[0])))


def _of_scope(read: Callable[[State, Scope], int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage.venue.state, stage.scope(words)))


def _removable(stage: Stage, words: list[str]) -> int:
    symbol = stage.market(words).contract.symbol
    return margin.max_removable(stage.venue.state, stage.account(words[0]), symbol, side_among(words))


READERS: dict[str, Callable[[Stage, list[str]], str]] = {
    # Books and orders.
    "book": _book,
    "stops": stops,
    "orders": _orders,
    "filled": _filled,
    "prevention": lambda stage, words: stage.order(words[0]).self_trade_prevention.name,
    # Prices and states of a market.
    "mark": _price(lambda market: market.mark_price),
    "index-price": _price(lambda market: market.index_price),
    "source": _source,
    "state": lambda stage, words: stage.market(words).state.name,
    "premium": _of_market(lambda market: market.premium.last),
    "predicted-rate": _of_market(predicted_rate),
    "last-rate": _of_market(lambda market: market.funding_rate),
    "funding-interval": lambda stage, words: lasting(stage.market(words).funding_interval),
    "next-funding": _next_funding,
    # Positions.
    "position": _position,
    "liquidation-price": _liquidation_price,
    "liquidation-prices": _exact_prices,
    "isolated-wallet": _money(lambda stage, words: stage.leg(words).isolated_wallet),
    "removable": _money(_removable),
    # Liquidation. FUND is an account like others.
    "locked": lambda stage, words: "yes" if stage.scope(words).in_liquidation else "no",
    "resumes": _resumes,
    "remembers": lambda stage, words: str(stage.scope(words).memory),
    "fund-notional": _money(lambda stage, _: fund_notional(stage.venue.state)),
    "drawdown": lambda stage, _: "on" if stage.venue.state.drawdown else "off",
    # Choices of an account.
    "chosen-leverage": _holding_of(lambda account, symbol: str(account.holdings[symbol].leverage)),
    "chosen-margin": _holding_of(lambda account, symbol: account.holdings[symbol].margin_type.name.lower()),
    "chosen-mode": _holding_of(lambda account, _: "hedge" if account.hedge else "one-way"),
    # Money. With the base asset of a contract, equity and maintenance are those of an isolated position in it.
    "wallet": _money(lambda stage, words: stage.account(words[0]).wallet_balance),
    "cross-wallet": _money(lambda stage, words: stage.account(words[0]).cross_wallet),
    "funding-wallet": _money(lambda stage, words: stage.account(words[0]).funding_wallet),
    "equity": _of_scope(margin.equity),
    "maintenance": _of_scope(margin.maintenance_margin),
    "initial-margin": _of_account(margin.total_initial_margin),
    "open-loss": _money(_open_loss),
    "available": _of_account(margin.available_balance),
    "withdrawable": _of_account(margin.max_withdrawable),
    "to-spare": _of_account(margin.to_spare),
    "fees": _money(lambda stage, _: stage.venue.state.trading_fees),
    "dust": _money(lambda stage, _: stage.venue.state.dust),
    "shortfall": _money(lambda stage, _: stage.venue.state.shortfall_total),
}
