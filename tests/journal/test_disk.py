"""Secret files: whole, replaced as a whole, and readable by their owner only from the first byte on."""

import os
import resource
from pathlib import Path

import pytest

from exchange.journal.disk import write_secret


def test_a_secret_file_is_its_owners_only_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        write_secret(tmp_path / "secret", b"one")
    finally:
        os.umask(umask)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_it_is_replaced_as_a_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret(path, b"a long first one")
    before = path.open("rb")
    (tmp_path / f".secret.{os.getpid()}").write_bytes(b"a crash left this")
    write_secret(path, b"two")
    with before:
        assert before.read() == b"a long first one"  # who has the old file keeps all of it
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_the_old_one_stands(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret(path, b"one")
    (tmp_path / f".secret.{os.getpid()}").mkdir()
    with pytest.raises(OSError, match="secret"):
        write_secret(path, b"two")
    assert path.read_bytes() == b"one"


def test_on_a_full_disk_no_part_of_the_secret_stays_behind(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_secret(path, b"one")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_secret(path, b"more than fits")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
