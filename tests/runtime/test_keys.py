"""API keys: secret, unique, and on the disk before anybody uses them."""

import json
import os
from pathlib import Path

import pytest

from exchange.runtime.keys import ALPHABET, KEY_LENGTH, KeysError, KeyStore


def test_a_key_is_found_again_by_another_process(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys.json")
    first, second = keys.issue(1), keys.issue(1)
    again = KeyStore(tmp_path / "keys.json")
    assert again.find(first.api_key) == first
    assert again.all() == (first, second)
    assert again.admin_token == keys.admin_token
    assert again.find("unknown") is None


def test_keys_look_like_those_of_the_venue_we_imitate(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys.json")
    issued = [keys.issue(account_id) for account_id in (1, 2, 3)]
    texts = [text for key in issued for text in (key.api_key, key.secret_key)]
    assert len(set(texts)) == 6
    assert all(len(text) == KEY_LENGTH == 64 and set(text) <= set(ALPHABET) for text in texts)
    assert [key.account_id for key in issued] == [1, 2, 3]


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        keys = KeyStore(tmp_path / "keys.json")
        assert keys.path.stat().st_mode & 0o777 == 0o600
        keys.issue(1)
        assert keys.path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(umask)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys.json")
    keys.path.chmod(0o644)
    with pytest.raises(KeysError, match="chmod 600"):
        KeyStore(keys.path)


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys.json")
    before = keys.path.stat().st_ino
    (tmp_path / "keys.new").write_text("a crash left this")
    key = keys.issue(5)
    assert keys.path.stat().st_ino != before
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    assert json.loads(keys.path.read_text())["keys"] == [
        {"account_id": 5, "api_key": key.api_key, "secret_key": key.secret_key}
    ]


@pytest.mark.parametrize("text", ["", "{", '{"keys": []}', '{"admin_token": "x", "keys": [{"account_id": "1"}]}'])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(KeysError, match="cannot be read"):
        KeyStore(path)
