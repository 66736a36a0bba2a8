"""The evaluator of vector files: every formula on numbers worked out by hand, and every way a file can be wrong."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from exchange.conformance.formulas import FORMULAS, UNSUPPORTED
from exchange.conformance.vectors import ROUNDINGS, VectorFileError, VectorResult, evaluate

OWN = Path(__file__).parent / "own.toml"
RESULTS = evaluate(OWN)

HEAD = 'schema = 1\n[[vector]]\nid = "X1"\nformula = "maintenance_margin"\n'
INPUTS = '[vector.inputs]\nnotional = "100"\nmmr = "0.01"\ncum = "0"\n'
EXPECTED = '[vector.expected]\nmaintenance_margin = { value = "1" }\n'


def evaluate_text(folder: Path, text: str) -> list[VectorResult]:
    path = folder / "vectors.toml"
    path.write_text(text, "utf-8")
    return evaluate(path)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.id)
def test_own_vectors_match(result: VectorResult) -> None:
    assert (result.status, result.reason) == ("match", "")


def test_own_vectors_cover_every_formula() -> None:
    assert {result.formula for result in RESULTS} == FORMULAS.keys()
    assert not FORMULAS.keys() & UNSUPPORTED.keys()


def test_a_wrong_value_is_a_mismatch(tmp_path: Path) -> None:
    text = OWN.read_text("utf-8").replace('value = "14.69"', 'value = "14.68"')
    wrong = [result for result in evaluate_text(tmp_path, text) if result.status != "match"]
    assert [(result.id, result.status, result.reason) for result in wrong] == [
        ("maintenance", "mismatch", "maintenance_margin: expected 14.68, got 14.69"),
    ]


def test_every_own_vector_can_fail(tmp_path: Path) -> None:
    """No vector matches by accident: with other expected values none does."""
    text = re.sub(r'(value = \[?)("[^"]*"|-?\d+|(?=\]))', r'\1"987654"', OWN.read_text("utf-8"))
    assert {result.status for result in evaluate_text(tmp_path, text)} == {"mismatch"}


@pytest.mark.parametrize("formula", [*UNSUPPORTED, "no_such_formula"])
def test_what_is_not_built_is_unsupported_and_says_why(tmp_path: Path, formula: str) -> None:
    (result,) = evaluate_text(tmp_path, HEAD.replace("maintenance_margin", formula) + INPUTS + EXPECTED)
    assert result.status == "unsupported"
    assert len(result.reason) > 20


def test_what_a_formula_does_not_give_is_unsupported(tmp_path: Path) -> None:
    text = HEAD + INPUTS + EXPECTED.replace("maintenance_margin", "initial_margin")
    (result,) = evaluate_text(tmp_path, text)
    assert (result.status, result.reason) == ("unsupported", "maintenance_margin gives no initial_margin")


@pytest.mark.parametrize(
    ("rounding", "value"),
    [("half_even", "1.2"), ("up", "1.3"), ("down", "1.2"), ("zero", "1.2")],
)
def test_roundings(tmp_path: Path, rounding: str, value: str) -> None:
    entry = f'{{ value = "{value}", rounding = "{rounding}", quantum = "0.1" }}'
    text = HEAD + INPUTS.replace('"100"', '"125"') + f"[vector.expected]\nmaintenance_margin = {entry}\n"
    (result,) = evaluate_text(tmp_path, text)
    assert (result.status, result.got) == ("match", {"maintenance_margin": "1.25"})


def test_roundings_of_negative_numbers() -> None:
    rounded = {name: function(Fraction(-5, 2)) for name, function in ROUNDINGS.items()}
    assert rounded == {"half_even": -2, "up": -2, "down": -3, "zero": -2}
    assert ROUNDINGS["half_even"](Fraction(-7, 2)) == -4


def test_a_name_is_an_expected_value(tmp_path: Path) -> None:
    text = HEAD + INPUTS + EXPECTED.replace('"1"', '"unlimited"')
    (result,) = evaluate_text(tmp_path, text)
    assert (result.status, result.expected) == ("mismatch", {"maintenance_margin": "unlimited"})


def test_a_boolean_is_no_number(tmp_path: Path) -> None:
    (result,) = evaluate_text(tmp_path, HEAD + INPUTS + EXPECTED.replace('"1"', "true"))
    assert (result.status, result.expected) == ("mismatch", {"maintenance_margin": "true"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema = 1\n[[vector", "vectors.toml"),
        ("schema = 2\n" + HEAD[11:] + INPUTS + EXPECTED, "schema is 2"),
        ("schema = 1\n", r"no \[\[vector\]\]"),
        ("schema = 1\nvector = [3]\n", "vector number 1: it is no table"),
        (HEAD.replace('id = "X1"\n', "") + INPUTS + EXPECTED, "vector number 1: it has no id"),
        (HEAD.replace('formula = "maintenance_margin"\n', "") + INPUTS + EXPECTED, "vector X1: it names no formula"),
        (HEAD + EXPECTED, "vector X1: it has no inputs"),
        (HEAD + INPUTS, "vector X1: it expects nothing"),
        (HEAD + INPUTS + EXPECTED + (HEAD + INPUTS + EXPECTED)[11:], "vector X1: the id is used twice"),
        (HEAD + INPUTS.replace("notional", "national") + EXPECTED, "vector X1: input 'notional' is missing"),
        (HEAD + INPUTS.replace('"100"', "100.5") + EXPECTED, "vector X1: input 'notional' = 100.5 is no decimal"),
        (HEAD + INPUTS.replace('"100"', '"1e5"') + EXPECTED, "vector X1: input 'notional' = '1e5' is no decimal"),
        (HEAD + INPUTS.replace('"100"', '"1/0"') + EXPECTED, "vector X1: input 'notional' = '1/0' is no decimal"),
        (HEAD + INPUTS.replace('"100"', '"ten"') + EXPECTED, "vector X1: input 'notional' is no number"),
        (HEAD + INPUTS.replace('"100"', "true") + EXPECTED, "vector X1: input 'notional' is no number"),
        (HEAD + INPUTS + EXPECTED.replace('{ value = "1" }', '"1"'), "expected 'maintenance_margin' has no value"),
        (HEAD + INPUTS + EXPECTED.replace('"1"', "1.5"), "expected 'maintenance_margin' = 1.5 is no decimal"),
        (HEAD + INPUTS + EXPECTED.replace("}", ', rounding = "up" }'), "rounding and quantum come together"),
        (HEAD + INPUTS + EXPECTED.replace("}", ', rounding = "odd", quantum = "1" }'), "rounding 'odd' is none of"),
        (HEAD + INPUTS + EXPECTED.replace("}", ', rounding = "up", quantum = "0" }'), "quantum must be a positive"),
        (HEAD + INPUTS + EXPECTED.replace("}", ", tolerance = 1 }"), "more than value, rounding and quantum"),
    ],
)
def test_a_file_that_is_not_in_the_format_is_an_error_that_names_the_vector(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(VectorFileError, match=message):
        evaluate_text(tmp_path, text)


@pytest.mark.parametrize(
    ("vector", "change", "message"),
    [
        ("short-cross", ("side = -1", "side = 2"), "input 'side' must be 1 or -1"),
        ("short-cross", ('quantity = "2"', 'quantity = "0"'), "input 'quantity' must be positive"),
        ("bankruptcy-part", ("delta_quantums = -3", 'delta_quantums = "-3.5"'), "must be whole"),
        ("cums", ('mmrs = ["0.01", "0.02", "0.05"]', 'mmrs = ["0.01"]'), "same length"),
        ("cums", ('mmrs = ["0.01", "0.02", "0.05"]', 'mmrs = "0.01"'), "no list of numbers"),
        ("netted", ('asks = [["4", "210"]]', 'asks = [["4"]]'), "no list of rows of 2"),
        ("whole-position", ('close = "A"', 'close = "1"'), "input 'close' is no name"),
        ("whole-position", ('close = "A"', 'close = "C"'), "input 'close' is none of A, B"),
        ("feasible-exactly", ('offsetting_position = "-2"', 'offsetting_position = "2"'), "must have opposite signs"),
        ("feasible-exactly", ('liquidated_position = "2"', 'liquidated_position = "0"'), "must have opposite signs"),
        ("cure", ('shortage = "10"', 'shortage = "-1"'), "input 'shortage' must not be negative"),
        ("cure", ('price = "50"', 'price = "0"'), "input 'price' must be positive"),
        ("charge", ('long = "2"\nopen_interest_short = "-1"', 'long = "0"\nopen_interest_short = "0"'), "are both 0"),
        ("heal", ('quantity = "10"', 'quantity = "0.15"'), "must be a multiple of 'lot_size'"),
        ("score-share", ('ranker = "pro_rata"', 'ranker = "by_lot"'), "'by_lot' is not a valid Ranker"),
        ("haircut", ('loss = "10"', 'loss = "0.000000001"'), "input 'loss' has an amount finer than 1e-8"),
    ],
)
def test_inputs_that_make_no_sense_are_named(
    tmp_path: Path, vector: str, change: tuple[str, str], message: str
) -> None:
    sections = OWN.read_text("utf-8").split("[[vector]]")
    section = next(text for text in sections if f'id = "{vector}"' in text)
    assert change[0] in section
    with pytest.raises(VectorFileError, match=f"vector {vector}: .*{message}"):
        evaluate_text(tmp_path, "schema = 1\n[[vector]]" + section.replace(*change))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VectorFileError, match="nowhere"):
        evaluate(tmp_path / "nowhere.toml")
