"""What a contract and a venue allow: frozen rules read from TOML text. No state, no files."""

import tomllib
from collections.abc import Sequence
from functools import cached_property

import msgspec

from exchange.core.price_rules import (
    BreakerRules,
    BreakerText,
    FundingRules,
    FundingText,
    IndexRules,
    IndexText,
    MarkRules,
    MarkText,
    price_rules_problem,
)
from exchange.core.units import (
    ATOM_DECIMALS,
    ATOMS_PER_QUOTE,
    INT63_MAX,
    RATE_ONE,
    Atoms,
    Lots,
    RateE8,
    Ticks,
    div_ceil,
    div_floor,
    parse_decimal,
)

NAME_CHARACTERS_MAX = 20  # of a symbol or an asset
OPEN_ORDERS_MAX = 10_000


class Bracket(msgspec.Struct, frozen=True, gc=False):
    """One maintenance bracket: it holds notionals n with `floor < n <= cap` (mechanics: Binance's brackets)."""

    floor: Atoms
    cap: Atoms
    rate: RateE8
    cum: Atoms
    max_leverage: int


class Contract(msgspec.Struct, frozen=True, dict=True):  # dict: for what is computed once
    """The rules of one linear perpetual contract: price in ticks, quantity in lots, money in atoms, rates in 1e-8."""

    symbol: str
    base_asset: str
    quote_asset: str
    tick_atoms: int  # one tick, in atoms of the quote asset
    step_e8: int  # one lot, in 1e-8 of the base asset
    price_digits: int  # digits after the point in price text
    quantity_digits: int
    min_price: Ticks
    max_price: Ticks
    min_quantity: Lots
    max_quantity: Lots
    market_max_quantity: Lots
    min_notional: Atoms
    band_up: RateE8  # PERCENT_PRICE: BUY at most mark * band_up
    band_down: RateE8  # PERCENT_PRICE: SELL at least mark * band_down
    market_take_bound: RateE8  # a MARKET order reaches at most this far from the mark
    max_open_orders: int
    maker_fee: RateE8
    taker_fee: RateE8
    liquidation_fee: RateE8
    default_leverage: int
    index: IndexRules
    mark: MarkRules
    funding: FundingRules
    breaker: BreakerRules
    brackets: tuple[Bracket, ...]
    trigger_protect: RateE8 = RateE8(5_000_000)  # how far contract price and mark may differ for a protected trigger

    @cached_property
    def value_unit(self) -> int:
        """Atoms that one lot is worth per tick of price: notional = ticks * lots * value_unit, exactly."""
        return self.tick_atoms * self.step_e8 // ATOMS_PER_QUOTE

    @property
    def max_leverage(self) -> int:
        """The highest leverage that any bracket allows."""
        return self.brackets[0].max_leverage

    @property
    def impact_notional(self) -> Atoms:
        """The notional at which impact prices are taken: the impact margin at the highest leverage."""
        return Atoms(self.funding.impact_margin * self.max_leverage)

    def notional(self, price: int, quantity: int) -> Atoms:
        """Return price (ticks) times quantity (lots, signed or not) in atoms: exact, no rounding."""
        return Atoms(price * quantity * self.value_unit)

    def bracket_of(self, notional: int) -> Bracket:
        """Return the bracket that holds a notional in atoms; beyond the last cap, the last one."""
        return bracket_holding(self.brackets, notional)

    def notional_cap(self, leverage: int) -> Atoms:
        """Return the largest notional, in atoms, that may be held at this leverage; 0 when no bracket allows it."""
        caps = [bracket.cap for bracket in self.brackets if bracket.max_leverage >= leverage]
        return caps[-1] if caps else Atoms(0)

    def price_shifted(self, price: int, shift: int) -> Ticks:
        """Return price * (1 + shift * 1e-8) in ticks, rounded toward `price`: never beyond the bound."""
        moved = price * (RATE_ONE + shift)
        return Ticks(div_floor(moved, RATE_ONE) if shift > 0 else div_ceil(moved, RATE_ONE))


class BracketText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bracket as written in TOML."""

    cap: str
    rate: str
    max_leverage: int


class ContractText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contract as written in TOML: decimals are text, intervals are whole seconds."""

    symbol: str
    base_asset: str
    quote_asset: str
    tick_size: str
    step_size: str
    price_digits: int
    quantity_digits: int
    min_price: str
    max_price: str
    min_quantity: str
    max_quantity: str
    market_max_quantity: str
    min_notional: str
    band_up: str
    band_down: str
    market_take_bound: str
    max_open_orders: int
    maker_fee: str
    taker_fee: str
    liquidation_fee: str
    default_leverage: int
    index: IndexText
    mark: MarkText
    funding: FundingText
    breaker: BreakerText
    brackets: list[BracketText]
    trigger_protect: str = "0.05"


def bracket_holding(brackets: Sequence[Bracket], notional: int) -> Bracket:
    """Return the bracket that holds a notional in atoms; beyond the last cap, the last one."""
    for bracket in brackets:
        if notional <= bracket.cap:
            return bracket
    return brackets[-1]


def maintenance_of(notional: int, bracket: Bracket) -> int:
    """Return the maintenance margin of a notional in its bracket, in atoms: ceil(notional * rate) - cum."""
    return div_ceil(notional * bracket.rate, RATE_ONE) - bracket.cum


def bracket_cums(caps: list[int], rates: list[int]) -> list[int]:
    """Return the `cum` of each bracket so that the maintenance margin is continuous: cum += floor * (rate - previous).

    Caps in atoms, rates in 1e-8. Raises ValueError when a cum is not a whole number of atoms.
    """
    cums = [0]
    for floor, previous, rate in zip(caps, rates, rates[1:], strict=False):
        step, remainder = divmod(floor * (rate - previous), RATE_ONE)
        if remainder:
            msg = f"bracket floor {floor} times rate step {rate - previous} is not a whole number of atoms"
            raise ValueError(msg)
        cums.append(cums[-1] + step)
    return cums


def parse_contract(text: str) -> Contract:
    """Return the contract described by TOML text. Raises ValueError, naming the field, on anything not exact."""
    try:
        written = msgspec.convert(tomllib.loads(text), ContractText)
    except RecursionError:
        msg = "contract: tables are nested too deeply"
        raise ValueError(msg) from None
    tick_atoms = _decimal(written.tick_size, "tick_size", 1)
    step_e8 = _decimal(written.step_size, "step_size", 1)
    contract = Contract(
        symbol=written.symbol,
        base_asset=written.base_asset,
        quote_asset=written.quote_asset,
        tick_atoms=tick_atoms,
        step_e8=step_e8,
        price_digits=written.price_digits,
        quantity_digits=written.quantity_digits,
        min_price=Ticks(_decimal(written.min_price, "min_price", tick_atoms)),
        max_price=Ticks(_decimal(written.max_price, "max_price", tick_atoms)),
        min_quantity=Lots(_decimal(written.min_quantity, "min_quantity", step_e8)),
        max_quantity=Lots(_decimal(written.max_quantity, "max_quantity", step_e8)),
        market_max_quantity=Lots(_decimal(written.market_max_quantity, "market_max_quantity", step_e8)),
        min_notional=Atoms(_decimal(written.min_notional, "min_notional", 1)),
        band_up=RateE8(_decimal(written.band_up, "band_up", 1)),
        band_down=RateE8(_decimal(written.band_down, "band_down", 1)),
        market_take_bound=RateE8(_decimal(written.market_take_bound, "market_take_bound", 1)),
        max_open_orders=written.max_open_orders,
        maker_fee=RateE8(_decimal(written.maker_fee, "maker_fee", 1)),
        taker_fee=RateE8(_decimal(written.taker_fee, "taker_fee", 1)),
        liquidation_fee=RateE8(_decimal(written.liquidation_fee, "liquidation_fee", 1)),
        default_leverage=written.default_leverage,
        index=written.index.rules(),
        mark=written.mark.rules(),
        funding=written.funding.rules(),
        breaker=written.breaker.rules(),
        brackets=_brackets(written.brackets),
        trigger_protect=RateE8(_decimal(written.trigger_protect, "trigger_protect", 1)),
    )
    problem = _listing_problem(contract)
    if problem:
        msg = f"contract {contract.symbol}: {problem}"
        raise ValueError(msg)
    return contract


def _decimal(text: str, field: str, unit: int) -> int:
    value = parse_decimal(text, 8)
    if value is None or value % unit:
        msg = f"{field} = {text!r} is not a decimal number on its grid"
        raise ValueError(msg)
    return value // unit


def _brackets(written: list[BracketText]) -> tuple[Bracket, ...]:
    if not written:
        msg = "brackets: at least one is needed"
        raise ValueError(msg)
    caps = [_decimal(row.cap, "brackets.cap", 1) for row in written]
    rates = [_decimal(row.rate, "brackets.rate", 1) for row in written]
    floors = [0, *caps[:-1]]
    return tuple(
        Bracket(Atoms(floor), Atoms(cap), RateE8(rate), Atoms(cum), row.max_leverage)
        for floor, cap, rate, cum, row in zip(floors, caps, rates, bracket_cums(caps, rates), written, strict=True)
    )


def _listing_problem(contract: Contract) -> str:
    """Return why a contract cannot be listed, or an empty text."""
    caps = [bracket.cap for bracket in contract.brackets]
    rates = [bracket.rate for bracket in contract.brackets]
    leverages = [bracket.max_leverage for bracket in contract.brackets]
    names = (contract.symbol, contract.base_asset, contract.quote_asset)
    fees = (contract.maker_fee, contract.taker_fee, contract.liquidation_fee)
    checks = [
        (all(_is_name(name) for name in names), "symbol and assets must be 1 to 20 of A-Z and 0-9"),
        (contract.base_asset != contract.quote_asset, "base_asset and quote_asset must differ"),
        (contract.tick_atoms > 0 and contract.step_e8 > 0, "tick_size and step_size must be positive"),
        (
            contract.tick_atoms * contract.step_e8 % ATOMS_PER_QUOTE == 0 and contract.value_unit > 0,
            "tick_size * step_size must be a whole number of atoms (1e-8)",
        ),
        (_fits_digits(contract.tick_atoms, contract.price_digits), "tick_size needs more price_digits, of 0 to 8"),
        (_fits_digits(contract.step_e8, contract.quantity_digits), "step_size needs more quantity_digits, of 0 to 8"),
        (0 < contract.min_price <= contract.max_price, "0 < min_price <= max_price must hold"),
        (0 < contract.min_quantity <= contract.max_quantity, "0 < min_quantity <= max_quantity must hold"),
        (contract.min_quantity <= contract.market_max_quantity, "market_max_quantity is below min_quantity"),
        (contract.notional(contract.max_price, contract.max_quantity) < INT63_MAX, "the largest order exceeds 63 bits"),
        (contract.min_notional >= 0, "min_notional must not be negative"),
        (0 <= contract.band_down < RATE_ONE < contract.band_up, "0 <= band_down < 1 < band_up must hold"),
        (0 < contract.market_take_bound < RATE_ONE, "market_take_bound must lie between 0 and 1"),
        (0 < contract.trigger_protect < RATE_ONE, "trigger_protect must lie between 0 and 1"),
        (caps == sorted(set(caps)) and rates == sorted(rates), "bracket caps must ascend, rates must not descend"),
        (leverages == sorted(leverages, reverse=True) and leverages[-1] >= 1, "bracket max_leverage must not ascend"),
        (all(0 < rate < RATE_ONE for rate in rates), "bracket rates must lie between 0 and 1"),
        (1 <= contract.default_leverage <= contract.max_leverage, "default_leverage is beyond the brackets"),
        (
            contract.taker_fee >= 0 and contract.liquidation_fee >= 0,
            "taker_fee and liquidation_fee must not be negative",
        ),
        (contract.taker_fee + contract.maker_fee >= 0, "a maker rebate may not exceed the taker fee"),
        (max(fees) < RATE_ONE, "fees must be below 1"),
        (
            all(bracket.rate * bracket.max_leverage < RATE_ONE for bracket in contract.brackets),
            "a bracket's rate must be below 1 / max_leverage: its first order would be liquidated",
        ),
        (0 < contract.max_open_orders <= OPEN_ORDERS_MAX, "max_open_orders must be 1 to 10000"),
    ]
    problem = next((problem for holds, problem in checks if not holds), "")
    return problem or price_rules_problem(contract.index, contract.mark, contract.funding, contract.breaker)


def _fits_digits(grid: int, digits: int) -> bool:
    """Tell whether counts of 1e-8 on this grid can be written with so many digits after the point."""
    return 0 <= digits <= ATOM_DECIMALS and grid % 10 ** (ATOM_DECIMALS - digits) == 0


def _is_name(text: str) -> bool:
    return 1 <= len(text) <= NAME_CHARACTERS_MAX and text.isascii() and text.isalnum() and text == text.upper()
