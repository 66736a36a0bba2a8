"""One process per data folder: a lock that dies with its owner. It says who holds it; it breaks nothing."""

import fcntl
import os
from pathlib import Path

from exchange.journal.errors import DataFolderLockedError

LOCK_NAME = "lock"


class FolderLock:
    """An exclusive lock on a data folder, from construction until `release` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        """Take the lock. Raises DataFolderLockedError, naming the process that has it."""
        self._descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._descriptor, 32).decode("ascii", errors="replace").strip()
            os.close(self._descriptor)
            raise DataFolderLockedError(folder, holder or "unknown") from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the folder go. The file stays: removing it would let two processes lock two different files."""
        os.close(self._descriptor)
