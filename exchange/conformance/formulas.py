"""The formulas that vectors may name: each turns decimals into the core's integers and calls the core. It has no rules.

The integers are in a unit so fine that the core's own roundings change nothing, except where rounding is the rule
(dYdX's quantums). So a vector sees the exact value, and rounds it as it states.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from exchange.conformance import venue_rules
from exchange.core import margin
from exchange.core.contract import Bracket, bracket_cums, bracket_holding
from exchange.core.units import RATE_ONE, Atoms, RateE8

Output = Fraction | bool | list[Any]
Outputs = dict[str, Output]


class UnsupportedError(Exception):
    """The vector asks for something that the core's units cannot hold; the text says what."""


class Inputs:
    """The inputs of a vector by name: numbers as fractions. A missing one raises KeyError, a wrong type TypeError."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Wrap values that were already checked to be fractions, booleans, names, or lists of them."""
        self._values = values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def number(self, key: str) -> Fraction:
        """Return a number."""
        value = self._values[key]
        if not isinstance(value, Fraction):
            raise TypeError(f"input {key!r} is no number")
        return value

    def name(self, key: str) -> str:
        """Return a name."""
        value = self._values[key]
        if not isinstance(value, str):
            raise TypeError(f"input {key!r} is no name")
        return value

    def sign(self, key: str) -> int:
        """Return a side: +1 or -1."""
        value = self.number(key)
        if value not in {1, -1}:
            raise ValueError(f"input {key!r} must be 1 or -1")
        return int(value)

    def positive(self, key: str) -> Fraction:
        """Return a number above zero."""
        value = self.number(key)
        if value <= 0:
            raise ValueError(f"input {key!r} must be positive")
        return value

    def integer(self, key: str) -> int:
        """Return a whole number."""
        value = self.number(key)
        if value.denominator != 1:
            raise ValueError(f"input {key!r} must be whole")
        return int(value)

    def numbers(self, key: str) -> list[Fraction]:
        """Return a list of numbers."""
        value = self._values[key]
        if not isinstance(value, list) or not all(isinstance(item, Fraction) for item in value):
            raise TypeError(f"input {key!r} is no list of numbers")
        return value

    def rows(self, key: str, width: int) -> list[list[Any]]:
        """Return a list of rows, each of `width` values."""
        value = self._values[key]
        if not isinstance(value, list) or not all(isinstance(row, list) and len(row) == width for row in value):
            raise TypeError(f"input {key!r} is no list of rows of {width}")
        return value


def _unit(*values: Fraction) -> int:
    """Return how many money units make one: enough for the values to be whole, and for a rate to divide them."""
    return lcm(*(value.denominator for value in values)) * RATE_ONE


def _rate(value: Fraction) -> RateE8:
    """Return a rate in the core's unit."""
    scaled = value * RATE_ONE
    if scaled.denominator != 1:
        raise UnsupportedError(f"the rate {value} is finer than 1e-8, the core's unit of rates")
    return RateE8(int(scaled))


def _bracket(mmr: Fraction, cum: Fraction, unit: int) -> Bracket:
    """Return a bracket of which only rate and cum are known."""
    return Bracket(floor=Atoms(0), cap=Atoms(0), rate=_rate(mmr), cum=Atoms(int(cum * unit)), max_leverage=1)


def _brackets(inputs: Inputs, unit: int) -> list[Bracket]:
    """Return the brackets of `caps` and `mmrs`, their cums computed."""
    caps = [int(cap * unit) for cap in inputs.numbers("caps")]
    rates = [_rate(mmr) for mmr in inputs.numbers("mmrs")]
    if len(caps) != len(rates) or not caps:
        raise ValueError("'caps' and 'mmrs' must have the same length, at least 1")
    rows = zip([0, *caps[:-1]], caps, rates, bracket_cums(caps, [*rates]), strict=True)
    return [Bracket(Atoms(floor), Atoms(cap), rate, Atoms(cum), 1) for floor, cap, rate, cum in rows]


def _initial(notional: Fraction, leverage: Fraction) -> Fraction:
    """Return the core's initial margin of a notional, not negative, exactly."""
    unit = lcm(notional.denominator, leverage.denominator) * leverage.numerator
    return Fraction(margin.order_initial_margin(int(notional * leverage.denominator * unit), leverage.numerator), unit)


def _maintenance(inputs: Inputs, notional: Fraction, cum_name: str = "cum") -> Fraction:
    """Return the core's maintenance margin of a notional by `mmr` and cum, or by the bracket of `caps` and `mmrs`."""
    if "mmr" in inputs:
        cum = inputs.number(cum_name)
        unit = _unit(notional, cum)
        bracket = _bracket(inputs.number("mmr"), cum, unit)
    else:
        unit = _unit(notional, *inputs.numbers("caps"))
        bracket = bracket_holding(_brackets(inputs, unit), int(notional * unit))
    return Fraction(margin.maintenance_of(int(notional * unit), bracket), unit)


def liquidation_price(inputs: Inputs) -> Outputs:
    """Compute Binance's cross and isolated price, in the bracket given or, with `caps` and `mmrs`, in the one there."""
    side, quantity = inputs.sign("side"), inputs.positive("quantity")
    entry_value = side * quantity * inputs.number("entry_price")
    other_margin, other_pnl = inputs.number("other_maintenance_margin"), inputs.number("other_unrealised_pnl")
    free = inputs.number("wallet_balance") - other_margin + other_pnl
    brackets_given = "mmr" not in inputs
    amounts = inputs.numbers("caps") if brackets_given else [inputs.number("cum")]
    unit, lot = _unit(entry_value, free, *amounts), quantity.denominator
    held, paid, left = int(side * quantity * lot), int(entry_value * unit), int(free * unit)
    # A price unit is worth `unit / lot` money units a lot; taking both `lot` times as fine keeps it whole.
    if brackets_given:
        exact = margin.liquidation_price_exact(held, paid * lot, left * lot, _brackets(inputs, unit * lot), unit)
    else:
        bracket = _bracket(inputs.number("mmr"), inputs.number("cum"), unit * lot)
        exact = margin.liquidation_price_ratio(held, paid * lot, left * lot, bracket.rate, bracket.cum, unit)
    # Below zero there is no such price: displayed as 0.
    return {"liquidation_price": max(Fraction(0), Fraction(*exact)) if exact else Fraction(0)}


def maintenance_margin(inputs: Inputs) -> Outputs:
    """Compute the maintenance margin of a notional."""
    return {"maintenance_margin": _maintenance(inputs, abs(inputs.number("notional")))}


def cums(inputs: Inputs) -> Outputs:
    """Compute the `cum` column of a bracket table."""
    unit = _unit(*inputs.numbers("caps"))
    return {"cums": [Fraction(bracket.cum, unit) for bracket in _brackets(inputs, unit)]}


def order_cost(inputs: Inputs) -> Outputs:
    """Compute Binance's order cost: initial margin and open loss."""
    direction, quantity = inputs.sign("direction"), inputs.positive("quantity")
    notional, at_mark = quantity * inputs.number("order_price"), quantity * inputs.number("mark_price")
    unit = _unit(notional, at_mark)
    loss = Fraction(margin.order_open_loss(direction, int(notional * unit), int(at_mark * unit)), unit)
    initial = _initial(notional, inputs.positive("leverage"))
    cost = initial + loss
    return {"initial_margin": initial, "open_loss": loss, "order_cost": cost, "order_cost_displayed": cost}


def market_sell_order_margin(inputs: Inputs) -> Outputs:
    """Compute the assuming price of a market order and its initial margin."""
    names = ("order_price", "last_price", "mark_price", "markup")
    price = venue_rules.assuming_price(inputs.sign("direction"), *(inputs.number(name) for name in names))
    initial = _initial(inputs.positive("quantity") * price, inputs.positive("leverage"))
    return {"assuming_price": price, "initial_margin": initial}


def netted_initial_margin(inputs: Inputs) -> Outputs:
    """Compute the initial margin of a contract in one-way mode."""
    held = inputs.number("position_quantity") * inputs.number("mark_price")
    bids, asks = (sum((row[0] * row[1] for row in inputs.rows(side, 2)), Fraction(0)) for side in ("bids", "asks"))
    leverage = inputs.positive("leverage")
    unit = lcm(*(value.denominator for value in (held, bids, asks))) * leverage.numerator
    position, buys, sells = int(held * unit), int(bids * unit), int(asks * unit)
    required = margin.netted_initial_margin(
        position * leverage.denominator,
        buys * leverage.denominator,
        sells * leverage.denominator,
        leverage.numerator,
    )
    return {
        "long_side": Fraction(margin.netted_notional(position + buys, 0, 0), unit),
        "short_side": Fraction(margin.netted_notional(position - sells, 0, 0), unit),
        "symbol_initial_margin": Fraction(required, unit),
    }


def bankruptcy_amount(inputs: Inputs) -> Outputs:
    """Compute dYdX's bankruptcy amount of a partial or whole close, in integer quantums, the rounding its own."""
    held, price = inputs.integer("position_quantums"), inputs.integer("quote_per_base_quantum")
    after = held + inputs.integer("delta_quantums")
    bracket = _bracket(Fraction(inputs.integer("maintenance_ppm"), 10**6), Fraction(0), 1)
    required, required_after = (margin.maintenance_of(abs(size * price), bracket) for size in (held, after))
    equity = inputs.integer("usdc_quantums") + held * price
    amount = margin.bankruptcy_amount((after - held) * price, equity, abs(required_after - required), required)
    return {"bankruptcy_quote_quantums": Fraction(amount)}


def deleverage_price(inputs: Inputs) -> Outputs:
    """Compute the bankruptcy price of one whole position of a cross account, and its cash after closing there."""
    cash, rate = inputs.number("usdc"), inputs.number("maintenance_rate")
    positions = {name: (size, size * price) for name, size, price in inputs.rows("positions", 3)}
    unit = _unit(cash, *(value for _, value in positions.values()))
    bracket = _bracket(rate, Fraction(0), unit)
    required = {name: margin.maintenance_of(int(abs(value) * unit), bracket) for name, (_, value) in positions.items()}
    total, equity = sum(required.values()), cash + sum((value for _, value in positions.values()), Fraction(0))
    closed = inputs.name("close")
    size, value = positions[closed]
    # Times `total`, so that the share of the equity is whole.
    amount = margin.bankruptcy_amount(
        int(-value * unit) * total, int(equity * unit) * total, required[closed] * total, total * total
    )
    return {
        "total_net_collateral": equity,
        "total_maintenance_margin": Fraction(total, unit),
        "deleverage_price": Fraction(amount, total * unit) / size,
        "usdc_after": cash + Fraction(amount, total * unit),
    }


def bybit_isolated_liquidation_price(inputs: Inputs) -> Outputs:
    """Compute Bybit's isolated price of a linear contract, from the margins at entry."""
    quantity, entry = inputs.positive("quantity"), inputs.number("entry_price")
    initial = _initial(quantity * entry, inputs.positive("leverage"))
    required = _maintenance(inputs, quantity * entry, "deduction")
    price = venue_rules.isolated_liquidation_price(
        inputs.sign("side"), quantity, entry, initial, required, inputs.number("extra_margin")
    )
    return {
        "initial_margin": initial,
        "maintenance_margin": required,
        "liquidation_price": price,
    }


def bybit_order_cost(inputs: Inputs) -> Outputs:
    """Compute Bybit's order cost: initial margin and the taker fees to open and to close."""
    notional, leverage = inputs.positive("quantity") * inputs.number("price"), inputs.positive("leverage")
    rate, initial = inputs.number("taker_rate"), _initial(notional, leverage)
    opening = notional * rate
    closing = venue_rules.fee_to_close(inputs.sign("side"), notional, leverage, rate)
    return {
        "initial_margin": initial,
        "fee_to_open": opening,
        "fee_to_close": closing,
        "order_cost": initial + opening + closing,
    }


def linear_slope_margin(inputs: Inputs) -> Outputs:
    """Compute Deribit's margin, whose rate grows with the size."""
    names = ("quantity", "price", "base_rate", "slope")
    return {"margin": venue_rules.linear_slope_margin(*(inputs.number(name) for name in names))}


FORMULAS: Mapping[str, Callable[[Inputs], Outputs]] = {
    "liquidation_price": liquidation_price,
    "maintenance_margin": maintenance_margin,
    "bracket_cums": cums,
    "order_cost": order_cost,
    "market_sell_order_margin": market_sell_order_margin,
    "netted_initial_margin": netted_initial_margin,
    "bankruptcy_amount": bankruptcy_amount,
    "deleverage_price": deleverage_price,
    "bybit_isolated_liquidation_price": bybit_isolated_liquidation_price,
    "bybit_order_cost": bybit_order_cost,
    "linear_slope_margin": linear_slope_margin,
}

INVERSE = "inverse contracts (margin in the base asset) are not built"
FUNDING = "the funding rate is a constant of the contract: no rate is computed yet"

UNSUPPORTED: Mapping[str, str] = {
    "inverse_cross_prices": INVERSE,
    "inverse_isolated_bankruptcy_price": INVERSE,
    "inverse_round_trip": INVERSE,
    "isolated_against_cross_loss": f"isolated margin is not built, and {INVERSE}",
    "funding_cap": FUNDING,
    "impact_margin_notional": FUNDING,
    "deribit_funding_rate": FUNDING,
    "hyperliquid_funding": FUNDING,
    "index_source_clamp": "the index price comes from one feed: sources are not weighed yet",
    "deribit_legacy_mark": "the mark is the median of three; Deribit's fair price is not built",
    "fillable_price": "liquidation orders are limited by the bankruptcy price; dYdX's policy is not built",
    "drift_base_to_liquidate": "positions are liquidated whole; Drift's partial policy is not built",
    "deleverage_feasibility": "auto-deleveraging is not built",
    "adl_drawdown_trigger": "auto-deleveraging is not built",
    "socialised_loss_per_unit": "losses are not socialised: what the fund cannot pay is reported as a shortfall",
}
