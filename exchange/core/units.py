"""Integer units, decimal text, and each rounding of money under the name of its direction. No state, no policy.

Price is in ticks, quantity in lots, money in atoms (1e-8 of the quote asset), rates in 1e-8, time in nanoseconds.
"""

from typing import NewType

Ticks = NewType("Ticks", int)
Lots = NewType("Lots", int)
Atoms = NewType("Atoms", int)
RateE8 = NewType("RateE8", int)
Nanos = NewType("Nanos", int)

ATOM_DECIMALS = 8
ATOMS_PER_QUOTE: int = 10**ATOM_DECIMALS
RATE_ONE = 10**8
SECOND = 10**9
MILLISECOND = 10**6
NEVER = Nanos(2**63 - 1)
INT63_MAX = 2**63 - 1
MONEY_MAX = Atoms(10**17)  # 1e9 quote: a deposit or transfer above it is refused
DECIMAL_TEXT_MAX = 40  # characters of a decimal number at the door


def parse_decimal(text: str, decimals: int) -> int | None:
    """Return `text` as an integer count of 10**-decimals, or None when it is not plain decimal text or not exact.

    Accepts an optional sign, digits, one optional point; no exponent, no blanks, at most DECIMAL_TEXT_MAX characters.
    Trailing zeros beyond `decimals` are exact, other digits there are not. Text, never a float: nothing is rounded.
    """
    if not 0 < len(text) <= DECIMAL_TEXT_MAX or not text.isascii():
        return None
    negative = text[0] == "-"
    body = text[1:] if text[0] in "+-" else text
    whole, _, fraction = body.partition(".")
    if not (whole + fraction).isdigit():
        return None
    kept, beyond = fraction[:decimals], fraction[decimals:]
    if beyond.strip("0"):
        return None
    value: int = int(whole or "0") * 10**decimals + int(kept.ljust(decimals, "0") or "0")
    return -value if negative else value


def format_decimal(value: int, decimals: int) -> str:
    """Return integer `value` counts of 10**-decimals as decimal text with exactly `decimals` digits after the point."""
    if decimals == 0:
        return str(value)
    digits = str(abs(value)).rjust(decimals + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


def div_floor(numerator: int, denominator: int) -> int:
    """Divide toward -inf; the denominator is positive."""
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """Divide toward +inf; the denominator is positive."""
    return -(-numerator // denominator)


def div_toward_zero(numerator: int, denominator: int) -> int:
    """Divide toward zero; the denominator is positive."""
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def div_half_even(numerator: int, denominator: int) -> int:
    """Divide to the nearest integer, ties to the even one; the denominator is positive. For display only."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


def clamp(value: int, lowest: int, highest: int) -> int:
    """Return a value held within two bounds."""
    return max(lowest, min(highest, value))


def clamp_around(price: int, center: int, rate: int) -> int:
    """Return a price held within `rate` (1e-8) of another: whole ticks inside the bounds."""
    lowest = div_ceil(center * (RATE_ONE - rate), RATE_ONE)
    highest = div_floor(center * (RATE_ONE + rate), RATE_ONE)
    return clamp(price, lowest, highest)


def median(values: list[int]) -> int:
    """Return the median of a non-empty list; of an even count the mean of the middle two, rounded toward -inf."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2 == 1:
        return ordered[middle]
    return div_floor(ordered[middle - 1] + ordered[middle], 2)
