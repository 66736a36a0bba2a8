"""Commands and events as bytes, and the running hash of all events. It knows no file and executes nothing.

Both are JSON text, so that a journal can be read with nothing but `sqlite3`, and so that money beyond 64 bits has a
place. What is written is stable: fields are appended with defaults, tags are never reused, and the order of fields is
that of the record.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from exchange.core.commands import Command
from exchange.core.events import Event

FORMAT_VERSION = 1  # the layout of the file
CORE_REVISION = 4  # what the core does with a command; raise it when a recorded command would have another effect
HASH_BYTES = 32
GENESIS = bytes(HASH_BYTES)  # the running hash before the first command

Entry = tuple[int, Command]  # the time in nanoseconds, and what was executed then

_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_entries_decoder: msgspec.json.Decoder[list[Entry]] = msgspec.json.Decoder(list[Entry])


def encode_command(command: Command) -> bytes:
    """Return a command as JSON. Raises ValueError on text that is no Unicode (UnicodeEncodeError is one)."""
    return _encoder.encode(command)


def decode_command(data: bytes) -> Command:
    """Return the command that `encode_command` wrote. Raises msgspec.ValidationError when a field has a wrong type."""
    return _command_decoder.decode(data)


def encode_entries(entries: Sequence[tuple[int, bytes]]) -> str:
    """Return (time, encoded command) pairs as the JSON text of one row: `[[ts, {"type": ...}], ...]`."""
    return _encoder.encode([(ts, msgspec.Raw(command)) for ts, command in entries]).decode()


def decode_entries(text: str) -> list[Entry]:
    """Return the entries of one row. Raises msgspec.DecodeError (ValidationError is one) when it holds no such list."""
    return _entries_decoder.decode(text)


def hash_events(previous: bytes, events: Sequence[Event]) -> bytes:
    """Return the running hash after one command: blake2b(previous + JSON of its events), HASH_BYTES long.

    It is chained command by command, so that it does not depend on which commands shared a batch.
    """
    return hashlib.blake2b(previous + _encoder.encode(events), digest_size=HASH_BYTES).digest()


def hash_entries(previous: bytes, entries: str) -> bytes:
    """Return the running hash of the stored text after one row: blake2b(previous + entries), HASH_BYTES long."""
    return hashlib.blake2b(previous + entries.encode(), digest_size=HASH_BYTES).digest()
