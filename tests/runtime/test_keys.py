"""API keys: secret, unique, and on the disk before anybody uses them."""

import json
import os
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exchange.dialects.binance.door.credentials import KeyKind, Permission
from exchange.runtime.keys import (
    ALPHABET,
    KEY_LENGTH,
    KEYS_NAME,
    KEYS_PER_ACCOUNT_MAX,
    KeysError,
    KeyStore,
    TooManyKeysError,
)

VENUE = "c0ffee"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / KEYS_NAME


def test_a_key_is_found_again_by_another_process(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    first, second = keys.issue(1), keys.issue(1)
    again = KeyStore(path, VENUE)
    assert again.find(first.api_key) == first
    assert again.all() == (first, second)
    assert again.admin_token == keys.admin_token
    assert again.find("unknown") is None


def test_keys_look_like_those_of_the_venue_we_imitate(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    issued = [keys.issue(account_id) for account_id in (1, 2, 3)]
    texts = [text for key in issued for text in (key.api_key, key.secret_key)]
    assert len(set(texts)) == 6
    assert all(len(text) == KEY_LENGTH == 64 and set(text) <= set(ALPHABET) for text in texts)
    assert [key.account_id for key in issued] == [1, 2, 3]


def test_only_the_owner_may_read_the_file(path: Path) -> None:
    umask = os.umask(0)
    try:
        keys = KeyStore(path, VENUE)
        assert path.stat().st_mode & 0o777 == 0o600
        keys.issue(1)
        assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(umask)
    assert [file.name for file in path.parent.iterdir()] == [KEYS_NAME]


def test_a_file_that_others_may_read_is_refused(path: Path) -> None:
    KeyStore(path, VENUE).path.chmod(0o644)
    with pytest.raises(KeysError, match="chmod 600"):
        KeyStore(path, VENUE)


def test_a_new_key_adds_its_line_and_rewrites_none(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    file = path.stat().st_ino
    key = keys.issue(5)
    assert path.stat().st_ino == file
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"admin_token": keys.admin_token, "venue_id": VENUE},
        {"account_id": 5, "api_key": key.api_key, "secret_key": key.secret_key},
    ]


def test_kinds_and_permissions_are_kept(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    issued = [
        keys.issue(1),
        keys.issue(1, Permission.READ),
        keys.register(1, Permission.TRADE, KeyKind.ED25519, "PEM"),
        keys.register(2, Permission.READ, KeyKind.RSA, "PEM"),
    ]
    again = KeyStore(path, VENUE)
    assert list(again.all()) == issued
    assert list(again.of_account(1)) == issued[:3]
    assert [key.opens_all for key in issued] == [True, False, False, False]
    assert [bool(key.secret_key) for key in issued] == [True, True, False, False]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[2]["permission"] == "read"
    assert (lines[3]["kind"], lines[3]["public_key"]) == ("ED25519", "PEM")


def test_a_file_of_the_time_before_kinds_and_permissions_is_read(path: Path) -> None:
    path.touch(mode=0o600)
    admin, key = {"admin_token": "t", "venue_id": VENUE}, {"account_id": 3, "api_key": "k", "secret_key": "s"}
    path.write_text(f"{json.dumps(admin)}\n{json.dumps(key)}\n")
    (read,) = KeyStore(path, VENUE).all()
    assert (read.account_id, read.kind, read.permission, read.opens_all) == (3, KeyKind.HMAC, Permission.TRADE, True)


def test_a_revoked_key_is_gone_for_good_and_the_others_stay(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    first, second, third = (keys.issue(1) for _ in range(3))
    assert keys.revoke(second.api_key)
    assert not keys.revoke(second.api_key)
    assert keys.find(second.api_key) is None
    assert keys.all() == KeyStore(path, VENUE).all() == (first, third)
    assert KeyStore(path, VENUE).admin_token == keys.admin_token
    assert path.stat().st_mode & 0o777 == 0o600
    fourth = keys.issue(1)
    assert KeyStore(path, VENUE).all() == (first, third, fourth)


def test_an_account_has_so_many_keys_and_no_more(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    issued = [keys.issue(1) for _ in range(KEYS_PER_ACCOUNT_MAX)]
    with pytest.raises(TooManyKeysError):
        keys.issue(1)
    with pytest.raises(TooManyKeysError):
        keys.register(1, Permission.READ, KeyKind.RSA, "PEM")
    keys.issue(2)
    keys.revoke(issued[0].api_key)
    keys.issue(1)
    assert len(KeyStore(path, VENUE).of_account(1)) == KEYS_PER_ACCOUNT_MAX


def test_a_key_that_could_not_be_revoked_stays(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    first = keys.issue(1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            keys.revoke(first.api_key)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert keys.find(first.api_key) == first
    assert KeyStore(path, VENUE).all() == (first,)


def test_keys_of_accounts_that_are_not_there_are_forgotten_for_good(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = KeyStore(path, VENUE)
    first, second, third = (keys.issue(account_id) for account_id in (1, 2, 3))
    before = path.read_bytes()
    keys.keep_only({1, 2, 3, 4})
    assert (path.read_bytes(), capsys.readouterr().err) == (before, "")
    keys.keep_only({1, 3})
    assert "1 keys are removed" in capsys.readouterr().err
    assert keys.find(second.api_key) is None
    assert keys.all() == KeyStore(path, VENUE).all() == (first, third)
    assert KeyStore(path, VENUE).admin_token == keys.admin_token


def test_what_is_forgotten_stays_in_a_file_beside_it_whenever_it_was(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    admin = path.read_text().splitlines()[0]
    for account_id in (1, 2, 3):
        keys.issue(account_id)
    lines = path.read_text().splitlines()
    keys.keep_only({1, 3})
    old = path.with_name("keys.jsonl.old")
    assert old.read_text().splitlines() == [admin, lines[2]]
    keys.issue(2)
    again = path.read_text().splitlines()[-1]
    KeyStore(path, VENUE).keep_only({1})
    assert old.read_text().splitlines() == [admin, lines[2], admin, lines[3], again]
    assert old.stat().st_mode & 0o777 == 0o600


def test_threads_share_it(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    with ThreadPoolExecutor(4) as threads:
        issued = list(threads.map(keys.issue, range(1, 41)))
    assert set(KeyStore(path, VENUE).all()) == set(keys.all()) == set(issued)


def test_a_torn_last_line_goes_and_the_keys_before_it_stay(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = KeyStore(path, VENUE).issue(1)
    KeyStore(path, VENUE).issue(2)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    keys = KeyStore(path, VENUE)
    assert keys.all() == (first,)
    assert "the last line was torn" in capsys.readouterr().err
    second = keys.issue(2)
    assert KeyStore(path, VENUE).all() == (first, second)
    assert capsys.readouterr().err == ""


def test_a_key_that_could_not_be_written_is_none(path: Path) -> None:
    keys = KeyStore(path, VENUE)
    first = keys.issue(1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, limits[1]))  # a line does not fit any more
    try:
        with pytest.raises(OSError, match="File too large"):
            keys.issue(2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    third = keys.issue(3)
    assert keys.all() == KeyStore(path, VENUE).all() == (first, third)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{", 1),
        ('{"admin_token": "x"}', 1),
        ('{"keys": []}\n', 1),
        ('{"admin_token": "x", "venue_id": "y"}\n{"account_id"\n', 2),
        ('{"admin_token": "x", "venue_id": "y"}\n{"account_id": "1"}\n', 2),
    ],
)
def test_a_damaged_file_is_told_and_left_alone(path: Path, text: str, line: int) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(KeysError, match=f"cannot be read, line {line}"):
        KeyStore(path, VENUE)
    assert path.read_text() == text


@pytest.mark.parametrize("other", ["", "decaf"])
def test_the_keys_of_another_venue_are_refused_and_left_alone(path: Path, other: str) -> None:
    KeyStore(path, VENUE).issue(1)
    before = path.read_bytes()
    with pytest.raises(KeysError, match=r"of another venue.*Put that journal back, or move .*keys\.jsonl away"):
        KeyStore(path, other)
    assert path.read_bytes() == before
