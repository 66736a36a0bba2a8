"""What is written is what is read: every command, every event, and the hash that runs over them."""

import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.commands import Annotate, Command, Deposit, PlaceOrder, Tick
from exchange.core.enums import OrderType, Side
from exchange.core.events import Annotated, Event, Rejected
from exchange.core.units import Atoms, Lots, Ticks
from exchange.journal import codec
from tests.journal.records_strategy import records

TIMES = st.integers(min_value=0, max_value=2**63 - 1)
events_decoder: msgspec.json.Decoder[list[Event]] = msgspec.json.Decoder(list[Event])


@pytest.mark.parametrize("record", [*typing.get_args(Command), *typing.get_args(Event)], ids=lambda cls: cls.__name__)
def test_every_record_has_a_tag_of_its_own(record: type[msgspec.Struct]) -> None:
    union = typing.get_args(Command) if record in typing.get_args(Command) else typing.get_args(Event)
    assert [other for other in union if other.__struct_config__.tag == record.__struct_config__.tag] == [record]


@given(records(Command))
def test_commands_survive_the_codec(command: Command) -> None:
    decoded = codec.decode_command(codec.encode_command(command))
    assert decoded == command
    assert type(decoded) is type(command)


@given(st.lists(st.tuples(TIMES, records(Command)), max_size=5))
def test_rows_survive_the_codec(entries: list[tuple[int, Command]]) -> None:
    text = codec.encode_entries([(ts, codec.encode_command(command)) for ts, command in entries])
    assert codec.decode_entries(text) == entries


@given(st.lists(records(Event), max_size=5))
def test_events_are_hashed_without_loss(events: list[Event]) -> None:
    # The hash is over this encoding: two lists of events share it only if they are equal.
    assert events_decoder.decode(msgspec.json.encode(events)) == events


def test_a_row_reads_as_plain_json() -> None:
    order = PlaceOrder(3, "BTCUSDT", Side.SELL, OrderType.LIMIT, Lots(10), Ticks(950_000))
    text = codec.encode_entries([(5, codec.encode_command(Tick())), (7, codec.encode_command(order))])
    assert text == (
        '[[5,{"type":"tick"}],[7,{"type":"place_order","account_id":3,"symbol":"BTCUSDT","side":-1,'
        '"order_type":"LIMIT","quantity":10,"price":950000}]]'
    )


def test_the_hash_runs_over_all_events_in_order() -> None:
    first, second = [Annotated("news", "a")], [Annotated("news", "b")]
    one_way = codec.hash_events(codec.hash_events(codec.GENESIS, first), second)
    other_way = codec.hash_events(codec.hash_events(codec.GENESIS, second), first)
    assert one_way != other_way
    assert len(one_way) == codec.HASH_BYTES
    assert codec.hash_events(codec.GENESIS, []) != codec.GENESIS  # a command without events counts, too


def test_no_text_that_is_no_unicode() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        codec.encode_command(Annotate("news", "\ud800"))


def test_no_field_of_a_wrong_type() -> None:
    wrong = Deposit(account_id=1, amount=typing.cast("Atoms", "100"))
    with pytest.raises(msgspec.ValidationError, match="amount"):
        codec.decode_command(codec.encode_command(wrong))


def test_an_unknown_command_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="no_such_thing"):
        codec.decode_entries('[[1,{"type":"no_such_thing"}]]')
    with pytest.raises(msgspec.DecodeError):
        codec.decode_entries("[[1,")


def test_events_are_no_commands() -> None:
    with pytest.raises(msgspec.ValidationError):
        codec.decode_command(msgspec.json.encode(Rejected.__struct_fields__))
