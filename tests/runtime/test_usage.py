"""What clients used, counted by hand: bounded, cut, sorted, and written whole."""

import json
from pathlib import Path

import msgspec

from exchange.runtime.usage import NAME_CHARACTERS_MAX, NAMES_MAX, OTHERS, USAGE_NAME, Usage, write_usage


def test_calls_are_counted_with_what_they_sent_in_vain() -> None:
    usage = Usage(5)
    usage.endpoint("GET /b", [], refused=False)
    for _ in range(2):
        usage.endpoint("GET /a", ["x", "y"], refused=True)
    usage.method("order.place", ["x"], refused=False)
    report = usage.report(9)
    assert (report.since, report.until) == (5, 9)
    assert [(used.name, used.calls, used.refused, used.ignored) for used in report.endpoints] == [
        ("GET /a", 2, 2, {"x": 2, "y": 2}),
        ("GET /b", 1, 0, {}),
    ]
    assert [(used.name, used.calls, used.ignored) for used in report.methods] == [("order.place", 1, {"x": 1})]


def test_an_error_keeps_the_text_of_its_first() -> None:
    usage = Usage(0)
    for msg in ("first", "second"):
        usage.error(-1, msg)
    usage.error(-2, "other")
    assert [(error.code, error.count, error.msg) for error in usage.report(0).errors] == [
        (-1, 2, "first"),
        (-2, 1, "other"),
    ]


def test_what_clients_make_up_is_bounded() -> None:
    usage = Usage(0)
    for number in range(NAMES_MAX + 10):
        usage.missing(f"GET /{number}")
        usage.stream(f"s{number}")
        usage.endpoint("GET /a", [f"p{number}"], refused=False)
        usage.error(-number, "")
    usage.missing("x" * 1_000 + "\n")
    usage.missing("a\nb")
    report = usage.report(0)
    for rows in (report.not_implemented, report.streams):
        assert len(rows) == NAMES_MAX + 1
        assert rows[0].name == OTHERS
    assert report.not_implemented[0].count == 12
    assert len(report.endpoints[0].ignored) == NAMES_MAX + 1
    assert len(report.errors) == NAMES_MAX


def test_names_are_cut_and_printable() -> None:
    usage = Usage(0)
    usage.missing("a\nb\x1b[31m")
    usage.missing("x" * 1_000)
    assert [row.name for row in usage.report(0).not_implemented] == ["a?b?[31m", "x" * NAME_CHARACTERS_MAX]


def test_every_count_makes_a_new_version() -> None:
    usage = Usage(0)
    versions = [usage.version]
    for name in ("a", "b"):
        usage.stream(name)
        versions.append(usage.version)
        usage.missing(name)
        versions.append(usage.version)
        usage.error(-1, name)
        versions.append(usage.version)
        usage.endpoint(name, [], refused=False)
        versions.append(usage.version)
    assert versions == list(range(9))


def test_the_file_is_written_whole(tmp_path: Path) -> None:
    usage = Usage(1)
    usage.stream("!ticker@arr")
    for until in (2, 3):
        write_usage(tmp_path, usage.report(until))
    assert [path.name for path in tmp_path.iterdir()] == [USAGE_NAME]
    written = json.loads((tmp_path / USAGE_NAME).read_text("utf-8"))
    assert written == json.loads(msgspec.json.encode(usage.report(3)))
    assert written["streams"] == [{"name": "!ticker@arr", "count": 1}]
