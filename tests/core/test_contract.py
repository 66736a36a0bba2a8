"""Contracts: what may be listed, and why the rest may not; brackets at their edges."""

import ast
import inspect
from collections.abc import Callable, Mapping
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core import contract as contract_module
from exchange.core import price_rules
from exchange.core.contract import Contract, bracket_cums, maintenance_of, parse_contract
from tests.market.notation import read_contract

QUOTE = 10**8
BTC = parse_contract((files("exchange") / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8"))

PRICE_DIGITS = "tick_size needs more price_digits, of 0 to 8"
QUANTITY_DIGITS = "step_size needs more quantity_digits, of 0 to 8"

# What is wrong, and the field that makes it so. Every refusal of a listing is here: a test below counts.
REFUSED: list[tuple[str, Mapping[str, str]]] = [
    ("tick_size and step_size must be positive", {"tick_size": "-0.1", "min_price": "-0.1"}),
    (
        "tick_size * step_size must be a whole number of atoms (1e-8)",
        {"step_size": "0.00000001", "quantity_digits": "8"},
    ),
    *((PRICE_DIGITS, {"price_digits": digits}) for digits in ("0", "-1", "9", "400")),
    *((QUANTITY_DIGITS, {"quantity_digits": digits}) for digits in ("2", "-1", "9", "400")),
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
    ("trigger_protect must lie between 0 and 1", {"trigger_protect": "0"}),
    ("trigger_protect must lie between 0 and 1", {"trigger_protect": "1"}),
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
    ("fees must be below 1", {"taker_fee": "1"}),
    (
        "a bracket's rate must be below 1 / max_leverage: its first order would be liquidated",
        {"brackets": "100:0.5:50"},
    ),
]

SOURCES_COUNT = "index.sources: 1 to 16, each named once"
SOURCES_NAMED = "index.sources: a name is 1 to 32 of a-z, 0-9, - and _"
SOURCES_WEIGHED = "index.sources: weights are 1 to 1000000"
MIN_LIVE = "index.min_live must be 1 to the number of sources"
FUNDING_BOUNDS = "-1 < funding.floor <= funding.cap < 1 must hold"
BREAKER_TIMES = "breaker.window_seconds must be 1 to 3600, breaker.pause_seconds positive"

# The same of the tables [index], [mark], [funding] and [breaker].
REFUSED_PRICES: list[tuple[str, Mapping[str, str]]] = [
    (SOURCES_COUNT, {"index.sources": ",".join(f"s{number}:1" for number in range(17))}),
    (SOURCES_COUNT, {"index.sources": "spot:1,spot:2"}),
    *((SOURCES_NAMED, {"index.sources": f"{name}:1"}) for name in ("", "-", "Spot", "sp ot", "sp\u00f6t", "s" * 33)),
    (SOURCES_WEIGHED, {"index.sources": "spot:0"}),
    (SOURCES_WEIGHED, {"index.sources": "spot:1,other:1000001"}),
    (MIN_LIVE, {"index.min_live": "0"}),
    (MIN_LIVE, {"index.min_live": "-1"}),
    (MIN_LIVE, {"index.min_live": "2"}),
    (MIN_LIVE, {"index.min_live": "3", "index.sources": "x:1,y:1"}),
    ("index.clamp must lie between 0 and 1", {"index.clamp": "0"}),
    ("index.clamp must lie between 0 and 1", {"index.clamp": "1"}),
    *(
        ("intervals must be positive", {f"{name}_seconds": value})
        for name, value in [
            ("index.stale", "-1"),
            ("mark.interval", "-1"),
            ("mark.sample_interval", "0"),
            ("mark.basis_ema", "0"),
            ("mark.price_ema", "0"),
            ("funding.interval", "0"),
            ("funding.shortened_interval", "-1"),
            ("funding.premium_interval", "0"),
        ]
    ),
    *(
        ("intervals must be at most 366 days", {f"{name}_seconds": str(366 * 24 * 3600 + 1)})
        for name in (
            "index.stale",
            "mark.interval",
            "mark.sample_interval",
            "mark.basis_ema",
            "mark.price_ema",
            "funding.interval",
            "funding.shortened_interval",
            "funding.premium_interval",
        )
    ),
    ("mark.basis_window must be 1 to 100000", {"mark.basis_window": "0"}),
    ("mark.basis_window must be 1 to 100000", {"mark.basis_window": "100001"}),
    ("mark.band must be at least 0 and below 1", {"mark.band": "-0.00000001"}),
    ("mark.band must be at least 0 and below 1", {"mark.band": "1"}),
    ("funding.impact_margin must be positive", {"funding.impact_margin": "0"}),
    ("funding.interest and clamp must be below 1", {"funding.interest": "1"}),
    ("funding.interest and clamp must be below 1", {"funding.interest": "-1"}),
    ("funding.interest and clamp must be below 1", {"funding.clamp": "-0.00000001"}),
    ("funding.interest and clamp must be below 1", {"funding.clamp": "1"}),
    (FUNDING_BOUNDS, {"funding.cap": "1"}),
    (FUNDING_BOUNDS, {"funding.floor": "-1"}),
    (FUNDING_BOUNDS, {"funding.floor": "0.00000001"}),
    ("breaker.move must be at least 0 and below 1", {"breaker.move": "-0.00000001"}),
    ("breaker.move must be at least 0 and below 1", {"breaker.move": "1"}),
    (BREAKER_TIMES, {"breaker.window_seconds": "0"}),
    (BREAKER_TIMES, {"breaker.window_seconds": "3601"}),
    (BREAKER_TIMES, {"breaker.pause_seconds": "0"}),
    (BREAKER_TIMES, {"breaker.pause_seconds": str(366 * 24 * 3600 + 1)}),
]


@pytest.mark.parametrize(("problem", "changes"), [*REFUSED, *REFUSED_PRICES], ids=lambda value: str(value)[:60])
def test_a_contract_that_cannot_be_listed_says_why(problem: str, changes: Mapping[str, str]) -> None:
    with pytest.raises(ValueError) as refusal:
        read_contract(dict(changes))
    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    ("checks", "refused"),
    [(contract_module._listing_problem, REFUSED), (price_rules.price_rules_problem, REFUSED_PRICES)],
)
def test_every_refusal_of_a_listing_is_tried(
    checks: Callable[..., str], refused: list[tuple[str, Mapping[str, str]]]
) -> None:
    """The checks are (condition, problem) pairs in the source."""
    tree = ast.parse(inspect.getsource(checks))
    pairs = [node.elts for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    problems = {second.value for _, second in pairs if isinstance(second, ast.Constant)}
    assert problems == {problem for problem, _ in refused}


# What is just allowed, at each bound.
ALLOWED: list[Mapping[str, str]] = [
    {"index.sources": ",".join(f"{'s' * 30}{number:02}:1000000" for number in range(16))},
    {"index.sources": "a-b_9:1", "index.clamp": "0.00000001"},
    {"index.sources": "x:1,y:1", "index.min_live": "2"},
    {"price_digits": "8", "quantity_digits": "8"},
    {"tick_size": "1", "min_price": "1", "price_digits": "0"},
    {"step_size": "1", "min_quantity": "1", "quantity_digits": "0"},
    {"index.clamp": "0.99999999", "mark.band": "0.99999999", "mark.basis_window": "100000"},
    {"mark.basis_window": "1", "breaker.move": "0.99999999", "breaker.window_seconds": "3600"},
    {"funding.cap": "0.99999999", "funding.floor": "-0.99999999", "funding.interest": "-0.99999999"},
    {"funding.clamp": "0.99999999", "funding.impact_margin": "0.00000001"},
    {"funding.clamp": "0", "breaker.window_seconds": "1", "breaker.pause_seconds": "1"},
    {"mark.interval_seconds": "31622400", "funding.interval_seconds": "31622400", "index.stale_seconds": "31622400"},
]


@pytest.mark.parametrize("changes", ALLOWED, ids=",".join)
def test_a_contract_at_the_bounds_is_listed(changes: Mapping[str, str]) -> None:
    assert read_contract(dict(changes)).symbol == "BTCUSDT"


def test_an_index_needs_a_source() -> None:
    index = read_contract({}).index
    none = price_rules.IndexRules((), index.clamp, index.stale_after, index.min_live)
    rules = read_contract({})
    problem = price_rules.price_rules_problem(none, rules.mark, rules.funding, rules.breaker)
    assert problem == SOURCES_COUNT


@pytest.mark.parametrize(
    "field",
    ["index.clamp", "mark.band", "breaker.move"]
    + [f"funding.{name}" for name in ("impact_margin", "interest", "clamp", "cap", "floor")],
)
def test_rates_that_are_no_decimals_are_named(field: str) -> None:
    problem = f"{field} = '0.000000001' is not a decimal number of at most 8 digits after the point"
    with pytest.raises(ValueError, match=problem):
        read_contract({field: "0.000000001"})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"mark.rule": "MEAN"}, "Invalid enum value 'MEAN' - at `\\$.mark.rule`"),
        ({"funding.premium": "LAST_PRICE"}, "Invalid enum value 'LAST_PRICE' - at `\\$.funding.premium`"),
        ({"funding.weights": "SQUARE"}, "Invalid enum value 'SQUARE' - at `\\$.funding.weights`"),
    ],
)
def test_words_that_no_table_has_are_named(changes: Mapping[str, str], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_contract(dict(changes))


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
        parse_contract("brackets = []\n" + text[: text.index("[[brackets]]")])


@pytest.mark.parametrize(
    ("text", "problem"),
    [("symbol = 3", "symbol"), ("symbol = 'X'", "missing required field"), ("symbl = 'X'", "unknown field")],
)
def test_a_contract_has_exactly_its_fields(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_contract(text)


@pytest.mark.parametrize("field", ["price_digits", "quantity_digits"])
def test_digits_beyond_those_of_an_atom_are_refused_by_name(field: str) -> None:
    """They are exponents of ten: nothing may be computed with them before they are judged."""
    text = (files("exchange") / "data" / "contracts" / "BTCUSDT.toml").read_text("utf-8")
    line = next(line for line in text.splitlines() if line.startswith(f"{field} = "))
    for digits in (-1, 9, 400, 10**18):
        with pytest.raises(ValueError, match=rf"contract BTCUSDT: \w+ needs more {field}, of 0 to 8"):
            parse_contract(text.replace(line, f"{field} = {digits}"))


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{a = " * 5000 + "1" + "}" * 5000])
def test_tables_nested_too_deeply_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="contract: tables are nested too deeply"):
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
    up, down = BTC.price_shifted(price, shift), BTC.price_shifted(price, -shift)
    assert up * 10**8 <= price * (10**8 + shift) < (up + 1) * 10**8
    assert (down - 1) * 10**8 < price * (10**8 - shift) <= down * 10**8


@given(st.integers(1, 10**7), st.integers(-(10**6), 10**6))
def test_notional_is_exact(price: int, quantity: int) -> None:
    contract: Contract = BTC
    assert contract.notional(price, quantity) * 10**8 == price * contract.tick_atoms * quantity * contract.step_e8
