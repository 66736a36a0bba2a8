"""Decimal text to integers and back, per contract: the only place where the dialect reads or writes numbers. No rules.

Text becomes ticks, lots or atoms exactly once and exactly, or the dialect's error; nothing is rounded on the way in.
Average prices are divisions: they are rounded half to even, for display only.
"""

import re

from exchange.core.contract import Contract
from exchange.core.units import (
    ATOM_DECIMALS,
    DECIMAL_TEXT_MAX,
    INT63_MAX,
    MILLISECOND,
    Atoms,
    Lots,
    RateE8,
    Ticks,
    div_half_even,
    format_decimal,
    parse_decimal,
)
from exchange.dialects.binance.text import errors

PERCENT_DECIMALS = ATOM_DECIMALS - 2  # a percent is a hundredth
DIGITS_MAX = 20  # before the point
FRACTION_DIGITS_MAX = DECIMAL_TEXT_MAX - len("-.") - DIGITS_MAX  # so that what is legal here can be parsed by the core
DECIMAL_RANGE = f"^-?([0-9]{{1,{DIGITS_MAX}}})(\\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})?$"
INTEGER_RANGE = f"^-?[0-9]{{1,{DIGITS_MAX}}}$"
_DECIMAL = re.compile(DECIMAL_RANGE)
_INTEGER = re.compile(INTEGER_RANGE)
_BOOLEANS = {"true": True, "false": False}


def parse_price(contract: Contract, text: str, name: str = "price") -> Ticks:
    """Return a price in ticks; errors -1100 no decimal, -1111 too fine, -4014 off the tick, -4001/-4002 range."""
    value = _decimal(text, contract.price_digits, name)
    ticks, remainder = divmod(value * 10 ** (ATOM_DECIMALS - contract.price_digits), contract.tick_atoms)
    if remainder:
        raise errors.PRICE_OFF_TICK.error()
    if ticks > INT63_MAX:
        raise errors.PRICE_ABOVE_MAX.error()
    if ticks < 0:
        raise errors.PRICE_BELOW_ZERO.error()
    return Ticks(ticks)


def parse_quantity(contract: Contract, text: str, name: str = "quantity") -> Lots:
    """Return a quantity in lots; errors -1100 no decimal, -1111 too fine, -4023 off the step, -4003/-4005 range."""
    value = _decimal(text, contract.quantity_digits, name)
    lots, remainder = divmod(value * 10 ** (ATOM_DECIMALS - contract.quantity_digits), contract.step_e8)
    if remainder:
        raise errors.QUANTITY_OFF_STEP.error()
    if lots > INT63_MAX:
        raise errors.QUANTITY_ABOVE_MAX.error()
    if lots < 0:
        raise errors.QUANTITY_BELOW_ZERO.error()
    return Lots(lots)


def parse_amount(text: str, name: str) -> Atoms:
    """Return an amount of money in atoms. Errors: -1100 no decimal, -1111 too many decimals, -1130 beyond 63 bits."""
    value = _decimal(text, ATOM_DECIMALS, name)
    if abs(value) > INT63_MAX:
        raise errors.DATA_NOT_VALID.error(name)
    return Atoms(value)


def parse_percent(text: str, name: str) -> RateE8:
    """Return a rate written in percent, in 1e-8. Errors: -1100 no decimal, -1111 too fine, -1130 beyond 63 bits."""
    value = _decimal(text, PERCENT_DECIMALS, name)
    if abs(value) > INT63_MAX:
        raise errors.DATA_NOT_VALID.error(name)
    return RateE8(value)


def parse_integer(text: str, name: str, low: int, high: int) -> int:
    """Return an integer within low..high. Errors: -1100 no integer, -1130 outside the range."""
    if not _INTEGER.fullmatch(text):
        raise errors.ILLEGAL_CHARACTERS.error(name, INTEGER_RANGE)
    value = int(text)
    if not low <= value <= high:
        raise errors.DATA_NOT_VALID.error(name)
    return value


def parse_boolean(text: str, name: str) -> bool:
    """Return a boolean spelled true, false, True, FALSE and so on. Error: -1130."""
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise errors.DATA_NOT_VALID.error(name)
    return value


def price_text(contract: Contract, ticks: int) -> str:
    """Return a price in ticks as text with the contract's digits: "50000.10"."""
    digits = contract.price_digits
    return format_decimal(ticks * contract.tick_atoms // 10 ** (ATOM_DECIMALS - digits), digits)


def fine_price_text(contract: Contract, ticks: int) -> str:
    """Return a price in ticks as text with eight digits, as mark and index prices are written: "50000.10000000"."""
    return money_text(ticks * contract.tick_atoms)


def quantity_text(contract: Contract, lots: int) -> str:
    """Return a quantity in lots (signed or not) as text with the contract's digits: "-0.100"."""
    digits = contract.quantity_digits
    return format_decimal(lots * contract.step_e8 // 10 ** (ATOM_DECIMALS - digits), digits)


def notional_text(contract: Contract, atoms: int) -> str:
    """Return a traded value in atoms with the digits of price and quantity together: "4900.00000". Exact."""
    digits = min(ATOM_DECIMALS, contract.price_digits + contract.quantity_digits)
    return format_decimal(atoms // 10 ** (ATOM_DECIMALS - digits), digits)


def average_price_text(contract: Contract, value: int, lots: int) -> str:
    """Return value (atoms, signed) per quantity (lots, signed) as price text; zero for no lots. Half to even."""
    shown = contract.price_digits
    if lots == 0:
        return format_decimal(0, shown)
    # value atoms / (lots * step_e8 * 1e-8 base) = atoms per base unit; scaled down to `shown` digits
    numerator = abs(value) * 10**ATOM_DECIMALS
    denominator = abs(lots) * contract.step_e8 * 10 ** (ATOM_DECIMALS - shown)
    return format_decimal(div_half_even(numerator, denominator), shown)


def money_text(atoms: int) -> str:
    """Return atoms as text with eight digits: "10000.00000000"."""
    return format_decimal(atoms, ATOM_DECIMALS)


def rate_text(rate_e8: int) -> str:
    """Return a rate in 1e-8 as text with eight digits: "0.00010000"."""
    return format_decimal(rate_e8, ATOM_DECIMALS)


def percent_text(rate_e8: int) -> str:
    """Return a rate in 1e-8 as percent, with at least one digit after the point: "1.0", "0.25"."""
    return _with_a_digit(rate_e8, PERCENT_DECIMALS)


def amount_text(atoms: int) -> str:
    """Return an amount as the error texts write it, with at least one digit after the point: "5.0"."""
    return _with_a_digit(atoms, ATOM_DECIMALS)


def short_text(value: int, decimals: int = ATOM_DECIMALS) -> str:
    """Return counts of 10**-decimals as text without trailing zeros: "0.0002", "1000000"."""
    text = format_decimal(value, decimals)
    return text.rstrip("0").rstrip(".") if decimals else text


def to_ms(nanos: int) -> int:
    """Return nanoseconds as whole milliseconds, rounded down."""
    return nanos // MILLISECOND


def _with_a_digit(value: int, decimals: int) -> str:
    whole, _, fraction = format_decimal(value, decimals).partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}"


def _decimal(text: str, decimals: int, name: str) -> int:
    """Return decimal text as a count of 10**-decimals, exactly; -1100 when it is none, -1111 when it is finer."""
    if not _DECIMAL.fullmatch(text):
        raise errors.ILLEGAL_CHARACTERS.error(name, DECIMAL_RANGE)
    value = parse_decimal(text, decimals)
    if value is None:
        raise errors.PRECISION_TOO_FINE.error()
    return value
