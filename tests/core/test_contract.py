"""Contracts: what may be listed, and why the rest may not; brackets at their edges."""

import ast
import inspect
from collections.abc import Mapping
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core import contract as contract_module
from exchange.core.contract import Contract, bracket_cums, parse_contract
from exchange.core.margin import maintenance_of
from tests.market.notation import read_contract

QUOTE = 10**8
BTC = parse_contract((files("exchange") / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8"))

# What is wrong, and the field that makes it so. Every refusal of a listing is here: a test below counts.
REFUSED: list[tuple[str, Mapping[str, str]]] = [
    ("tick_size and step_size must be positive", {"tick_size": "-0.1", "min_price": "-0.1"}),
    (
        "tick_size * step_size must be a whole number of atoms (1e-8)",
        {"step_size": "0.00000001", "quantity_digits": "8"},
    ),
    ("tick_size needs more price_digits", {"price_digits": "0"}),
    ("step_size needs more quantity_digits", {"quantity_digits": "2"}),
    ("0 < min_price <= max_price must hold", {"min_price": "0"}),
    ("0 < min_price <= max_price must hold", {"min_price": "10", "max_price": "9.9"}),
    ("0 < min_quantity <= max_quantity must hold", {"min_quantity": "0"}),
    ("0 < min_quantity <= max_quantity must hold", {"min_quantity": "2", "max_quantity": "1.999"}),
    ("market_max_quantity is below min_quantity", {"min_quantity": "2", "market_max_quantity": "1"}),
    ("the largest order exceeds 63 bits", {"max_price": "10000000", "max_quantity": "10000000"}),
    ("0 <= band_down < 1 < band_up must hold", {"band_up": "1"}),
    ("0 <= band_down < 1 < band_up must hold", {"band_down": "1"}),
    ("market_take_bound must lie between 0 and 1", {"market_take_bound": "0"}),
    ("market_take_bound must lie between 0 and 1", {"market_take_bound": "1"}),
    ("bracket caps must ascend, rates must not descend", {"brackets": "100:0.01:50,100:0.02:50"}),
    ("bracket caps must ascend, rates must not descend", {"brackets": "100:0.02:50,200:0.01:50"}),
    ("bracket max_leverage must not ascend", {"brackets": "100:0.01:50,200:0.02:51"}),
    ("bracket max_leverage must not ascend", {"brackets": "100:0.01:50,200:0.02:0"}),
    ("bracket rates must lie between 0 and 1", {"brackets": "100:0:50"}),
    ("bracket rates must lie between 0 and 1", {"brackets": "100:1:50"}),
    ("default_leverage is beyond the brackets", {"default_leverage": "0"}),
    ("default_leverage is beyond the brackets", {"default_leverage": "51"}),
    ("taker_fee and liquidation_fee must not be negative", {"taker_fee": "-0.0001"}),
    ("taker_fee and liquidation_fee must not be negative", {"liquidation_fee": "-0.0001"}),
    ("a maker rebate may not exceed the taker fee", {"maker_fee": "-0.0001"}),
    ("intervals must be positive", {"mark_interval_seconds": "-1"}),
    ("intervals must be positive", {"basis_interval_seconds": "0"}),
    ("intervals must be positive", {"funding_interval_seconds": "0"}),
    ("intervals must be positive", {"basis_window": "0"}),
    ("max_open_orders must be 1 to 10000", {"max_open_orders": "0"}),
    ("max_open_orders must be 1 to 10000", {"max_open_orders": "10001"}),
    ("symbol and assets must be 1 to 20 of A-Z and 0-9", {"symbol": ""}),
    ("symbol and assets must be 1 to 20 of A-Z and 0-9", {"symbol": "btcusdt"}),
    ("symbol and assets must be 1 to 20 of A-Z and 0-9", {"symbol": "BTC/USDT"}),
    ("symbol and assets must be 1 to 20 of A-Z and 0-9", {"symbol": "BTC\u00dc"}),
    ("symbol and assets must be 1 to 20 of A-Z and 0-9", {"base_asset": "A" * 21}),
    ("base_asset and quote_asset must differ", {"base_asset": "USDT"}),
    ("min_notional must not be negative", {"min_notional": "-5"}),
    ("0 <= band_down < 1 < band_up must hold", {"band_down": "-1"}),
    ("fees and funding_rate must be below 1", {"taker_fee": "1"}),
    ("fees and funding_rate must be below 1", {"funding_rate": "-1"}),
    (
        "a bracket's rate may not exceed 1 / max_leverage: its first order would be liquidated",
        {"brackets": "100:0.5:50"},
    ),
    ("intervals must be at most 366 days", {"funding_interval_seconds": "20000000000"}),
    ("intervals must be at most 366 days", {"mark_interval_seconds": "31622401"}),
    ("basis_window must be at most 100000", {"basis_window": "100001"}),
]


@pytest.mark.parametrize(("problem", "changes"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_contract_that_cannot_be_listed_says_why(problem: str, changes: Mapping[str, str]) -> None:
    with pytest.raises(ValueError) as refusal:
        read_contract(dict(changes))
    assert problem in str(refusal.value)


def test_every_refusal_of_a_listing_is_tried() -> None:
    """The checks are (condition, problem) pairs in the source."""
    tree = ast.parse(inspect.getsource(contract_module._listing_problem))
    pairs = [node.elts for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    problems = {second.value for _, second in pairs if isinstance(second, ast.Constant)}
    assert problems == {problem for problem, _ in REFUSED}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tick_size", "1e-1"),
        ("tick_size", "0.000000001"),
        ("min_price", "0.15"),
        ("max_quantity", "10.0005"),
        ("taker_fee", "0.000000001"),
        ("band_up", "two"),
        ("min_notional", ""),
    ],
)
def test_numbers_off_their_grid_are_named(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} = '{value}' is not a decimal number on its grid"):
        read_contract({field: value})


@pytest.mark.parametrize("brackets", ["ten:0.01:50", "100:1%:50"])
def test_bracket_numbers_are_named(brackets: str) -> None:
    with pytest.raises(ValueError, match=r"brackets\.(cap|rate) = "):
        read_contract({"brackets": brackets})


def test_a_contract_needs_a_bracket() -> None:
    text = (files("exchange") / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8")
    with pytest.raises(ValueError, match="brackets: at least one is needed"):
        parse_contract(text[: text.index("[[brackets]]")] + "brackets = []")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("symbol = 3", "symbol"), ("symbol = 'X'", "missing required field"), ("symbl = 'X'", "unknown field")],
)
def test_a_contract_has_exactly_its_fields(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_contract(text)


def test_a_cum_must_be_whole_atoms() -> None:
    with pytest.raises(ValueError, match="is not a whole number of atoms"):
        bracket_cums([1, 2], [1, 2])


@pytest.mark.parametrize("name", ["BTCUSDT", "ETHUSDT"])
def test_the_shipped_contracts_can_be_listed(name: str) -> None:
    text = (files("exchange") / "data" / "contracts" / f"{name}.toml").read_text("utf-8")
    assert parse_contract(text).symbol == name


def test_the_default_brackets_have_the_published_cums() -> None:
    """Binance's worked example prints this column."""
    cums = [0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300, 5_016_300, 25_016_300, 100_016_300]
    assert [bracket.cum for bracket in BTC.brackets] == [cum * QUOTE for cum in cums]


@pytest.mark.parametrize(
    ("notional", "index"),
    [
        (0, 0),
        (1, 0),
        (50_000 * QUOTE, 0),
        (50_000 * QUOTE + 1, 1),
        (250_000 * QUOTE, 1),
        (264_000 * QUOTE, 2),
        (500_000 * QUOTE, 2),
        (500_000_000 * QUOTE, 9),
        (500_000_000 * QUOTE + 1, 9),
        (10**19, 9),
    ],
)
def test_a_bracket_holds_its_cap_and_not_its_floor(notional: int, index: int) -> None:
    assert BTC.bracket_of(notional) == BTC.brackets[index]


@pytest.mark.parametrize(
    ("leverage", "cap"),
    [(126, 0), (125, 50_000), (101, 50_000), (100, 250_000), (21, 1_000_000), (20, 10_000_000), (1, 500_000_000)],
)
def test_the_most_that_a_leverage_may_hold(leverage: int, cap: int) -> None:
    assert BTC.notional_cap(leverage) == cap * QUOTE
    assert BTC.max_leverage == 125


@pytest.mark.parametrize("index", range(len(BTC.brackets) - 1))
def test_maintenance_margin_does_not_jump_at_a_cap(index: int) -> None:
    cap = BTC.brackets[index].cap
    assert maintenance_of(cap, BTC.brackets[index]) == maintenance_of(cap, BTC.brackets[index + 1])


@given(st.integers(0, 6 * 10**16), st.integers(0, 10**12))
def test_maintenance_margin_grows_with_the_notional_and_stays_below_it(notional: int, more: int) -> None:
    def margin(value: int) -> int:
        return maintenance_of(value, BTC.bracket_of(value))

    assert margin(notional) <= margin(notional + more)
    assert 0 <= margin(notional) <= notional


@given(st.integers(1, 10**7), st.integers(0, 10**8 - 1))
def test_a_shifted_price_never_oversteps_its_bound(price: int, shift: int) -> None:
    up, down = BTC.price_shifted(price, shift, up=True), BTC.price_shifted(price, -shift, up=False)
    assert up * 10**8 <= price * (10**8 + shift) < (up + 1) * 10**8
    assert (down - 1) * 10**8 < price * (10**8 - shift) <= down * 10**8


@given(st.integers(1, 10**7), st.integers(-(10**6), 10**6))
def test_notional_is_exact(price: int, quantity: int) -> None:
    contract: Contract = BTC
    assert contract.notional(price, quantity) * 10**8 == price * contract.tick_atoms * quantity * contract.step_e8
