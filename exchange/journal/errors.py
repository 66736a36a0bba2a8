"""What can be wrong with a journal, each with the way out. These are errors of storage, never refusals of the venue."""

from pathlib import Path


class JournalError(Exception):
    """Base of everything that is wrong with a journal; its text is meant for the person at the terminal."""


class JournalMissingError(JournalError):
    """There is no journal in the data folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"there is no journal at {path}; `margincall serve --data {path.parent}` starts one")


class FormatMismatchError(JournalError):
    """The journal is laid out in another format version."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has journal format {found}, this release reads format {known}: "
            "use the release that wrote it, or start with another --data folder"
        )


class CoreRevisionError(JournalError):
    """The journal was written by a core that does other things with the same commands."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} was written by core revision {found}, this is revision {known}, and replaying it would give "
            "another history: use the version of margincall that wrote it, or start with another --data folder"
        )


class CorruptJournalError(JournalError):
    """The file is torn, is no journal, or holds rows that cannot be right."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is damaged: {reason}. Nothing was changed. Keep a copy, look at it with "
            f"`margincall verify {path.parent}`, and restore it from a backup"
        )


class DiskError(JournalError):
    """The journal cannot be opened, read or written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"cannot use {path}: {reason}")


class ReadOnlyFolderError(DiskError):
    """What a venue left in its write-ahead log cannot be read where nothing may be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            f"its last commands are in {path.name}-wal, and to read them SQLite must write beside it: "
            f"copy the whole folder {path.parent} to where you may write, and use the copy",
        )


class StrayLogError(JournalError):
    """SQLite's log of a journal lies there without the journal; a new one would swallow it."""

    def __init__(self, log: Path, journal: Path) -> None:
        super().__init__(
            f"{log} holds the last commands of a journal that is not there: put {journal.name} back, "
            "or move this file away, too, to begin a new venue"
        )


class DiskFullError(DiskError):
    """The journal cannot be written: no space is left."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, f"no space is left ({reason}); free some and start again")


class HeaderMismatchError(JournalError):
    """What the venue was started with contradicts the header of the journal. `fields` says where, one line each."""

    def __init__(self, path: Path, fields: tuple[str, ...]) -> None:
        self.fields = fields
        listed = "".join(f"\n  {field}" for field in fields)
        super().__init__(
            f"{path} was begun with other settings:{listed}\nleave these out to go on with the journal's own, "
            "or start with another --data folder"
        )


class DataFolderLockedError(JournalError):
    """Another process serves from this data folder."""

    def __init__(self, folder: Path, pid: str) -> None:
        self.pid = pid
        super().__init__(f"data folder {folder} is in use by process {pid}: stop it, or choose another --data folder")


class PolicyError(JournalError):
    """The user's own liquidation policy cannot be had. `reason` says why."""

    def __init__(self, path: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"policy {path}: {reason}")


class DivergenceError(JournalError):
    """Replaying gave other events than were recorded: the journal or the core was changed."""

    def __init__(self, first_seq: int, last_seq: int, reason: str) -> None:
        self.first_seq = first_seq
        self.last_seq = last_seq
        where = f"sequence number {first_seq}" if first_seq == last_seq else f"sequence numbers {first_seq}-{last_seq}"
        super().__init__(
            f"replay diverges at {where}: {reason}. Either the file was altered (`margincall verify` tells) "
            "or the core does something else than when it was recorded, without a new CORE_REVISION"
        )
