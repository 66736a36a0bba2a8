"""The formulas of the liquidation engine that vectors may name: each turns decimals into integers and calls the core.

The units are so fine that the core's own roundings change nothing, except where rounding is the rule: dYdX's quantums,
Drift's charge in 1e-6, and what is split to the lot or to the atom. No rules of our own venue are written here.
"""

from collections.abc import Sequence
from fractions import Fraction
from importlib.resources import files
from math import lcm

import msgspec

from exchange.conformance import venue_rules
from exchange.conformance.inputs import Inputs, Outputs, rate_of, unit_of
from exchange.conformance.margin_formulas import brackets_of, fine_unit, flat_bracket
from exchange.core import margin
from exchange.core.contract import Bracket, Contract, maintenance_of, parse_contract
from exchange.core.enums import PositionSide
from exchange.core.policies import losses
from exchange.core.policies.adl import (
    SCORES,
    SHARING,
    Counterparty,
    Ranker,
    divided,
    drawdown_threshold,
    is_feasible,
    ranked,
)
from exchange.core.policies.backstop import Backstop, lots_taken
from exchange.core.policies.case import Case, PositionCase
from exchange.core.policies.chance import drawn
from exchange.core.policies.dydx_v4 import fillable_discount
from exchange.core.policies.sizing import lots_above_bracket, lots_to_heal
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, div_toward_zero

QUANTUMS_PER_PRICE = Fraction(10**8, 10**6)  # dYdX: a base quantum is 1e-8, a quote quantum 1e-6
CHARGE_UNITS = 10**6  # Drift: what a unit is charged is rounded up to 1e-6 of the quote ...
CHARGE_BUFFER = 10**3  # ... and stored times 1e9
BASE_UNITS = 10**9  # Drift: a base unit is 1e-9
BASE_UNLIMITED = 2**64 - 1  # Drift's word for a quantity without a limit


def bankruptcy_amount(inputs: Inputs) -> Outputs:
    """Compute dYdX's bankruptcy amount of a partial or whole close, in integer quantums, the rounding its own."""
    held, price = inputs.integer("position_quantums"), inputs.positive("quote_per_base_quantum")
    value, after = (_value_quantums(size, price) for size in (held, held + inputs.integer("delta_quantums")))
    bracket = flat_bracket(inputs.number("maintenance_ppm") / 10**6, Fraction(0), 1)
    required, required_after = (maintenance_of(abs(notional), bracket) for notional in (value, after))
    equity = inputs.integer("usdc_quantums") + value
    amount = margin.bankruptcy_amount(after - value, equity, abs(required_after - required), required)
    return {"bankruptcy_quote_quantums": Fraction(amount)}


def fillable_price(inputs: Inputs) -> Outputs:
    """Compute the limit of dYdX's liquidation order for a position, in quote units per base unit.

    Other positions of a cross account come in by their signed value and their maintenance margin, in quote quantums.
    """
    held, price = inputs.integer("position_quantums"), inputs.positive("quote_per_base_quantum")
    value = _value_quantums(held, price)
    here = maintenance_of(abs(value), flat_bracket(inputs.number("maintenance_ppm") / 10**6, Fraction(0), 1))
    required = here + int(inputs.number_or("other_maintenance_quantums", 0))
    equity = inputs.integer("usdc_quantums") + value + int(inputs.number_or("other_value_quantums", 0))
    names = ("bankruptcy_adjustment", "spread_to_maintenance_margin_ratio")
    adjustment, spread = (inputs.number(name) for name in names)
    # So fine that the discount, a product of two rates over the margin, is whole.
    unit = RATE_ONE**2 * required * adjustment.denominator * spread.denominator
    amounts = (equity * unit, required * unit, here * unit)
    discount = fillable_discount(*amounts, rate_of(adjustment), rate_of(spread))
    return {"fillable_price": (value - Fraction(discount, unit)) / held * QUANTUMS_PER_PRICE}


def deleverage_price(inputs: Inputs) -> Outputs:
    """Compute the bankruptcy price of one whole position of a cross account, and its cash after closing there."""
    cash, rate = inputs.number("usdc"), inputs.number("maintenance_rate")
    positions = {name: (size, size * price) for name, size, price in inputs.rows("positions", 3)}
    unit = unit_of([cash, *(value for _, value in positions.values())], [rate])
    bracket = flat_bracket(rate, Fraction(0), unit)
    required = {name: maintenance_of(int(abs(value) * unit), bracket) for name, (_, value) in positions.items()}
    total, equity = sum(required.values()), cash + sum((value for _, value in positions.values()), Fraction(0))
    closed = inputs.name("close")
    if closed not in positions:
        raise ValueError(f"input 'close' is none of {', '.join(positions)}")
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


def deleverage_feasibility(inputs: Inputs) -> Outputs:
    """Tell whether a counterparty can be closed against a bankrupt, each with one position, at the latter's price.

    As much is closed as both have. Who keeps a part of the position must, with dYdX, also be left no worse than it was.
    """
    price, rate = inputs.positive("oracle_price"), inputs.number("maintenance_rate")
    cash, held = inputs.number("liquidated_usdc"), inputs.number("liquidated_position")
    other_cash, other = inputs.number("offsetting_usdc"), inputs.number("offsetting_position")
    if held * other >= 0:
        raise ValueError("inputs 'liquidated_position' and 'offsetting_position' must have opposite signs")
    closed = held * min(Fraction(1), abs(other / held))  # of the bankrupt, signed
    unit = unit_of([cash, other_cash, held * price, other * price, closed * price, cash * closed / held], [rate])
    value = _bankruptcy_value(cash, held, closed, price, unit)
    collateral = other_cash + other * price
    after = collateral + closed * price - value
    bracket = flat_bracket(rate, Fraction(0), unit)
    before, left = (
        Fraction(maintenance_of(int(abs(size * price) * unit), bracket), unit) for size in (other, other + closed)
    )
    accepted = is_feasible(int(collateral * unit), int(closed * price * unit), int(value * unit))
    if left:
        accepted = venue_rules.is_valid_transition(collateral, before, after, left)
    return {
        "liquidated_net_collateral": cash + held * price,
        "offsetting_net_collateral": collateral,
        "liquidated_bankruptcy_price": value / closed,
        "offsetting_bankruptcy_price": -other_cash / other,
        "offsetting_net_collateral_after": after,
        "offsetting_maintenance_margin_after": left,
        "accepted": accepted,
    }


def drift_base_to_liquidate(inputs: Inputs) -> Outputs:
    """Compute how much Drift's liquidator takes to cure a shortage; without a limit when nothing cures it."""
    shortage = inputs.number("shortage")
    if shortage < 0:
        raise ValueError("input 'shortage' must not be negative")
    rates = (inputs.number("margin_ratio"), inputs.number("liquidation_fee"), inputs.number_or("insurance_fee", 0))
    base = venue_rules.base_to_cure(shortage, inputs.positive("price"), *rates)
    if base is None:
        return {"base": "unlimited", "base_units_1e9": Fraction(BASE_UNLIMITED), "unlimited": True}
    return {"base": base, "base_units_1e9": base * BASE_UNITS, "unlimited": False}


def socialised_loss_per_unit(inputs: Inputs) -> Outputs:
    """Compute what Drift charges each unit of open interest, long and short alike, for a loss."""
    loss, sides = abs(inputs.number("loss")), ("open_interest_long", "open_interest_short")
    units = sum((abs(inputs.number(name)) for name in sides), Fraction(0))
    if not units:
        raise ValueError(f"inputs {sides[0]!r} and {sides[1]!r} are both 0: nobody can be charged")
    # One unit of open interest, and all the others; so fine that both are whole.
    one, everyone = units.denominator * loss.denominator, units.numerator * loss.denominator
    (charge, _) = losses.charges(loss.numerator * CHARGE_UNITS, [units.denominator, everyone - units.denominator])
    return {
        "charge_per_unit": loss * one / everyone,
        "cumulative_funding_delta": Fraction(charge * CHARGE_BUFFER),
    }


def adl_drawdown_trigger(inputs: Inputs) -> Outputs:
    """Tell whether a fund has fallen so far below its average that OKX deleverages: below the threshold, or empty."""
    average, now = inputs.number("fund_average_8h"), inputs.number("fund_now")
    drop, floor = inputs.number("drop_fraction"), inputs.number_or("drop_floor", 0)
    unit = unit_of([average, floor], [drop])
    threshold = Fraction(drawdown_threshold(int(average * unit), rate_of(drop), int(floor * unit)), unit)
    return {"threshold": threshold, "adl_triggered": now < threshold or now <= 0}


def healing_quantity(inputs: Inputs) -> Outputs:
    """Compute the fewest lots whose sale at the mark brings a scope above its maintenance margin."""
    position, unit = _position(inputs)
    other, buffer = inputs.number_or("other_maintenance_margin", 0), inputs.number_or("buffer", 0)
    required = position.maintenance_margin + int(other * unit)
    case = Case(0, 1, isolated=False, equity=int(inputs.number("equity") * unit), maintenance_margin=required,
                positions=(position,), fund_equity=0)  # fmt: skip
    lots = lots_to_heal(case, position, rate_of(inputs.number_or("fee_rate", 0)), rate_of(buffer))
    return {"lots": Fraction(lots), "maintenance_margin": Fraction(required, unit)}


def ladder_step(inputs: Inputs) -> Outputs:
    """Compute the fewest lots to close so that the rest fits a lower bracket."""
    position, _ = _position(inputs)
    return {"lots": Fraction(lots_above_bracket(position, inputs.integer("brackets_per_step")))}


def adl_score(inputs: Inputs) -> Outputs:
    """Compute what a ranker gives a position: the higher, the sooner it is deleveraged."""
    fields = ("entry_price", "wallet_balance", "equity", "maintenance_margin", "position_margin", "profit")
    mark, quantity = inputs.positive("mark_price"), inputs.number("quantity")
    entry, wallet, equity, required = (inputs.number(name) for name in fields[:4])
    own = inputs.number(fields[4]) if fields[4] in inputs else required
    profit = inputs.number(fields[5]) if fields[5] in inputs else quantity * (mark - entry)
    one = _counterparty(1, quantity, quantity * entry, quantity * mark, (profit, wallet, equity, required, own))
    ranker = _ranker(inputs)
    scale = ATOMS_PER_QUOTE if ranker in SHARING else 1  # those who share are weighed by an amount
    return {"score": SCORES[ranker](one) / scale}


def adl_allocation(inputs: Inputs) -> Outputs:
    """Compute how many lots each position gives up; `positions` are (signed lots, entry price, wallet, equity, margin).

    The first positions are those of the first accounts; `seed` is what a draw begins with.
    """
    mark, rows = inputs.positive("mark_price"), inputs.rows("positions", 5)
    candidates = [
        _counterparty(
            number, lots, lots * entry, lots * mark, (lots * (mark - entry), wallet, equity, required, required)
        )
        for number, (lots, entry, wallet, equity, required) in enumerate(rows)
    ]
    given = [0] * len(rows)
    seed = inputs.integer("seed") if "seed" in inputs else 0
    ranker = _ranker(inputs)
    for one, lots in divided(ranker, ranked(ranker, candidates, seed), inputs.integer("lots")):
        given[one.account_id] = lots
    return {"closed": [Fraction(lots) for lots in given]}


def random_start(inputs: Inputs) -> Outputs:
    """Compute which of `count` candidates is drawn first, counted from 0."""
    return {"place": Fraction(drawn(inputs.integer("count"), *(int(seed) for seed in inputs.numbers("seeds"))))}


def backstop_capacity(inputs: Inputs) -> Outputs:
    """Compute how many lots a fund takes over; `inventory` is its net notional, `lot_value` that of one of the lots."""
    equity, inventory, lot = (inputs.number(name) for name in ("fund_equity", "inventory", "lot_value"))
    cap, lots = inputs.number("cap"), inputs.integer("lots")
    unit = unit_of([equity, inventory, lot], [cap])
    held, net, each = (int(amount * unit) for amount in (equity, inventory, lot))
    return {"lots": Fraction(lots_taken(Backstop(cap=rate_of(cap)), held, net, each, lots))}


def haircut(inputs: Inputs) -> Outputs:
    """Compute what each profit pays of a loss, to the atom."""
    profits = [_atoms(profit, "profits") for profit in inputs.numbers("profits")]
    return _paid(losses.haircut(_atoms(inputs.number("loss"), "loss"), profits))


def funding_delta(inputs: Inputs) -> Outputs:
    """Compute what each notional pays of a loss, each rounded up to the atom."""
    notionals = [_atoms(notional, "notionals") for notional in inputs.numbers("notionals")]
    return _paid(losses.charges(_atoms(inputs.number("loss"), "loss"), notionals))


def _value_quantums(size: int, price: Fraction) -> int:
    """Return a signed notional in quote quantums, rounded toward zero (dYdX's BaseToQuoteQuantums)."""
    return div_toward_zero(size * price.numerator, price.denominator)


def _bankruptcy_value(cash: Fraction, held: Fraction, closed: Fraction, price: Fraction, unit: int) -> Fraction:
    """Return what the only position of an account brings, signed, when `closed` of it is closed at its bankruptcy."""
    lot = lcm(held.denominator, closed.denominator)
    part, whole = int(abs(closed) * lot), int(abs(held) * lot)  # its margin grows with its size
    equity, change = int((cash + held * price) * unit), int(-closed * price * unit)
    # Times the whole, so that the share of the equity is whole.
    return Fraction(margin.bankruptcy_amount(change * whole, equity * whole, part, whole), whole * unit)


def _position(inputs: Inputs) -> tuple[PositionCase, int]:
    """Return a position of `quantity` in lots of `lot_size` at the mark, and the money unit that it is counted in."""
    side = inputs.sign("side") if "side" in inputs else 1
    lot_value = inputs.positive("mark_price") * inputs.positive("lot_size")
    lots = inputs.positive("quantity") / inputs.number("lot_size")
    if lots.denominator != 1:
        raise ValueError("input 'quantity' must be a multiple of 'lot_size'")
    finer = [inputs.number_or(name, 0) for name in ("equity", "other_maintenance_margin")]
    unit = fine_unit(inputs, lot_value, *finer) * inputs.number_or("fee_rate", 0).denominator
    contract = _contract(brackets_of(inputs, unit))
    price = int(lot_value * unit)  # a tick is one money unit a lot
    notional = price * int(lots)
    required = maintenance_of(notional, contract.bracket_of(notional))
    return PositionCase(contract, PositionSide.BOTH, side * int(lots), price, 0, required, 0, 0), unit


def _contract(brackets: Sequence[Bracket]) -> Contract:
    """Return a contract of which only the brackets matter: a tick of a lot is worth one money unit."""
    shipped = files("exchange") / "data" / "contracts" / "BTCUSDT.toml"
    return msgspec.structs.replace(
        parse_contract(shipped.read_text(encoding="utf-8")),
        tick_atoms=1,
        step_e8=ATOMS_PER_QUOTE,
        brackets=(*brackets,),
    )


def _ranker(inputs: Inputs) -> Ranker:
    """Return the ranker that is named."""
    return Ranker(inputs.name("ranker"))


def _counterparty(
    number: int, quantity: Fraction, entry_value: Fraction, notional: Fraction, amounts: Sequence[Fraction]
) -> Counterparty:
    """Return a candidate; `amounts` are profit, wallet, equity, maintenance margin, and that of the position."""
    whole = [_atoms(amount, "positions") for amount in (entry_value, notional, *amounts)]
    return Counterparty(number, PositionSide.BOTH, int(quantity), *whole)


def _atoms(amount: Fraction, name: str) -> int:
    """Return an amount in atoms. Raises ValueError when it is finer."""
    atoms = amount * ATOMS_PER_QUOTE
    if atoms.denominator != 1:
        raise ValueError(f"input {name!r} has an amount finer than 1e-8")
    return int(atoms)


def _paid(parts: Sequence[int]) -> Outputs:
    """Return what each pays, and all together, in quote units."""
    return {"paid": [Fraction(part, ATOMS_PER_QUOTE) for part in parts], "total": Fraction(sum(parts), ATOMS_PER_QUOTE)}
