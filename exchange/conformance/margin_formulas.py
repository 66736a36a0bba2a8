"""The margin formulas that vectors may name: each turns decimals into the core's integers and calls the core. No rules.

The integers are in a unit so fine that the core's own roundings change nothing: a vector sees the exact value, and
rounds it as it states.
"""

from fractions import Fraction
from math import lcm

from exchange.conformance import venue_rules
from exchange.conformance.inputs import Inputs, Outputs, rate_of, unit_of
from exchange.core import margin
from exchange.core.account import Position
from exchange.core.contract import Bracket, bracket_cums, bracket_holding, maintenance_of
from exchange.core.enums import Side
from exchange.core.liquidation_price import liquidation_prices_exact
from exchange.core.units import Atoms

OTHERS = ("maintenance_margin", "unrealised_pnl")


def flat_bracket(mmr: Fraction, cum: Fraction, unit: int) -> Bracket:
    """Return a bracket of which only rate and cum are known."""
    return Bracket(floor=Atoms(0), cap=Atoms(0), rate=rate_of(mmr), cum=Atoms(int(cum * unit)), max_leverage=1)


def brackets_of(inputs: Inputs, unit: int, cum_name: str = "cum") -> list[Bracket]:
    """Return the bracket of `mmr` and cum, or those of `caps` and `mmrs`, their cums computed."""
    if "mmr" in inputs:
        return [flat_bracket(inputs.number("mmr"), inputs.number_or(cum_name, 0), unit)]
    caps = [int(cap * unit) for cap in inputs.numbers("caps")]
    rates = [rate_of(mmr) for mmr in inputs.numbers("mmrs")]
    if len(caps) != len(rates) or not caps:
        raise ValueError("'caps' and 'mmrs' must have the same length, at least 1")
    rows = zip([0, *caps[:-1]], caps, rates, bracket_cums(caps, [*rates]), strict=True)
    return [Bracket(Atoms(floor), Atoms(cap), rate, Atoms(cum), 1) for floor, cap, rate, cum in rows]


def fine_unit(inputs: Inputs, *values: Fraction, cum_name: str = "cum") -> int:
    """Return a unit in which these values and the brackets of `_brackets` are whole."""
    if "mmr" in inputs:
        return unit_of([*values, inputs.number_or(cum_name, 0)], [inputs.number("mmr")])
    return unit_of([*values, *inputs.numbers("caps")], inputs.numbers("mmrs"))


def _initial(notional: Fraction, leverage: Fraction) -> Fraction:
    """Return the core's initial margin of a notional, not negative, exactly."""
    unit = lcm(notional.denominator, leverage.denominator) * leverage.numerator
    return Fraction(margin.initial_margin_of(int(notional * leverage.denominator * unit), leverage.numerator), unit)


def _maintenance(inputs: Inputs, notional: Fraction, cum_name: str = "cum") -> Fraction:
    """Return the core's maintenance margin of a notional by `mmr` and cum, or by the bracket of `caps` and `mmrs`."""
    unit = fine_unit(inputs, notional, cum_name=cum_name)
    bracket = bracket_holding(brackets_of(inputs, unit, cum_name), int(notional * unit))
    return Fraction(maintenance_of(int(notional * unit), bracket), unit)


def _free(inputs: Inputs) -> Fraction:
    """Return what stands for the positions of one contract: the wallet, and what the other positions leave of it."""
    other_margin, other_pnl = (inputs.number_or(f"other_{name}", 0) for name in OTHERS)
    return inputs.number("wallet_balance") - other_margin + other_pnl


def liquidation_price(inputs: Inputs) -> Outputs:
    """Compute Binance's cross and isolated price, in the bracket given or, with `caps` and `mmrs`, in the one there."""
    side, quantity = inputs.sign("side"), inputs.positive("quantity")
    entry_value, free = side * quantity * inputs.number("entry_price"), _free(inputs)
    unit, lot = fine_unit(inputs, entry_value, free), quantity.denominator
    held, paid, left = int(side * quantity * lot), int(entry_value * unit), int(free * unit)
    # A price unit is worth `unit / lot` money units a lot; taking both `lot` times as fine keeps it whole.
    brackets = brackets_of(inputs, unit * lot)
    found = liquidation_prices_exact([(held, paid * lot)], left * lot, brackets, unit)
    # Without a price above zero it is displayed as 0.
    return {"liquidation_price": next((Fraction(above, below) for above, below, _ in found), Fraction(0))}


def hedge_liquidation_prices(inputs: Inputs) -> Outputs:
    """Compute the prices, none to two, that both cross legs of a hedge share; `legs` are (side, quantity, entry)."""
    rows, free = inputs.rows("legs", 3), _free(inputs)
    values = [side * quantity * entry for side, quantity, entry in rows]
    unit, lot = fine_unit(inputs, free, *values), lcm(*(quantity.denominator for _, quantity, _ in rows))
    legs = [
        (int(side * quantity * lot), int(value * unit) * lot)
        for (side, quantity, _), value in zip(rows, values, strict=True)
    ]
    found = liquidation_prices_exact(legs, int(free * unit) * lot, brackets_of(inputs, unit * lot), unit)
    return {"liquidation_prices": [Fraction(above, below) for above, below, _ in found]}


def maintenance_margin(inputs: Inputs) -> Outputs:
    """Compute the maintenance margin of a notional."""
    return {"maintenance_margin": _maintenance(inputs, abs(inputs.number("notional")))}


def cums(inputs: Inputs) -> Outputs:
    """Compute the `cum` column of a bracket table."""
    unit = unit_of(inputs.numbers("caps"), inputs.numbers("mmrs"))
    return {"cums": [Fraction(bracket.cum, unit) for bracket in brackets_of(inputs, unit)]}


def order_cost(inputs: Inputs) -> Outputs:
    """Compute Binance's order cost: initial margin and open loss."""
    direction, quantity = inputs.sign("direction"), inputs.positive("quantity")
    notional, at_mark = quantity * inputs.number("order_price"), quantity * inputs.number("mark_price")
    unit = unit_of([notional, at_mark])
    loss = Fraction(margin.order_open_loss(direction, int(notional * unit), int(at_mark * unit)), unit)
    initial = _initial(notional, inputs.positive("leverage"))
    cost = initial + loss
    return {"initial_margin": initial, "open_loss": loss, "order_cost": cost, "order_cost_displayed": cost}


def market_sell_order_margin(inputs: Inputs) -> Outputs:
    """Compute the assuming price of a market order and its initial margin; a buy needs its own price alone."""
    direction, own = inputs.sign("direction"), inputs.number("order_price")
    names = ("last_price", "mark_price", "markup")
    price = own if direction > 0 else venue_rules.assuming_sell_price(own, *(inputs.number(name) for name in names))
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


def bybit_isolated_liquidation_price(inputs: Inputs) -> Outputs:
    """Compute Bybit's isolated price of a linear contract, from the margins at entry."""
    quantity, entry = inputs.positive("quantity"), inputs.number("entry_price")
    initial = _initial(quantity * entry, inputs.positive("leverage"))
    required = _maintenance(inputs, quantity * entry, "deduction")
    price = venue_rules.isolated_liquidation_price(
        inputs.sign("side"), quantity, entry, initial, required, inputs.number_or("extra_margin", 0)
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


def isolated_against_cross_loss(inputs: Inputs) -> Outputs:
    """Compute what a price costs an isolated position, liquidated from `liquidation_price` on, and a cross one.

    BitMEX's page treats the payoff as linear in the value at entry, and so does this. It states no cross wallet: the
    cross position is taken to have one that holds it, as the page has it.
    """
    side, entry, price = Side(inputs.sign("side")), inputs.positive("entry_price"), inputs.positive("price")
    value, wallet = inputs.positive("position_value_xbt"), inputs.number("isolated_margin_xbt")
    value_now = value * price / entry
    unit = unit_of([value, value_now, wallet])
    position = Position()
    position.fill(side, 1, int(value * unit))
    profit = int(side * value_now * unit) - position.entry_value
    liquidated = side * (price - inputs.number("liquidation_price")) <= 0
    if liquidated:
        # The only position of its scope has the whole equity of the scope: it is closed where that is zero.
        equity = int(wallet * unit) + profit
        received = margin.bankruptcy_amount(int(-side * value_now * unit), equity, 1, 1)
        loss = -position.fill(side.opposite, 1, side * received).profit
    else:
        loss = max(0, -profit)
    return {
        "isolated_liquidated": liquidated,
        "isolated_loss_xbt": Fraction(loss, unit),
        "cross_unrealised_pnl_xbt": Fraction(profit, unit),
        "cross_liquidated": False,
    }
