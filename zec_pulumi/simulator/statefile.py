"""The file a simulator keeps its state in: SQLite with a write-ahead log.

Five tables and no logic. What stands in them is decided in :mod:`zec_pulumi.simulator.persistence`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zec_pulumi.simulator.world import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

APPLICATION_ID = 0x5A454353
"""``ZECS``: what SQLite keeps in the header of a file, so that the files of other programs are never touched."""

FORMAT = 2
"""Goes up with every change that an older release could not read. What is older is read, and written as this."""

_SCHEMA = f"""
BEGIN;
CREATE TABLE document (name TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE instance (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, content TEXT NOT NULL);
CREATE TABLE ledger (sequence INTEGER PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE request (sequence INTEGER PRIMARY KEY, content TEXT NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
_PUT_DOCUMENT = "INSERT INTO document VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET content = excluded.content"
# An instance keeps its position, so that lists are in the same order after a restart.
_PUT_INSTANCE = (
    "INSERT INTO instance (id, content) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content"
)


@dataclass
class Commit:
    """What one commit writes. ``everything`` empties the file first.

    ``durable`` commits survive a power cut, the others a killed process.
    """

    everything: bool = False
    durable: bool = False
    documents: dict[str, Any] = field(default_factory=dict)
    instances: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    ledger: Sequence[dict[str, Any]] = ()
    requests: Sequence[dict[str, Any]] = ()


class StateFile:
    """An open state file, which no other process can open meanwhile.

    Raises:
        SetupError: The file cannot be used, and why; it is unchanged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._is_older = False
        with self._setup_errors():
            empty = _create(self.path)
            # The server's thread and the one that controls it both write, in turn: the cloud's lock is held.
            self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            with self._setup_errors():
                self._open(empty=empty)
                # A process may have been killed before its first commit.
                self.is_new = not self._value("SELECT count(*) FROM document")
        except SetupError:
            self._connection.close()
            raise

    def document(self, name: str) -> Any:
        """Return a document; KeyError when there is none."""
        for (content,) in self._connection.execute("SELECT content FROM document WHERE name = ?", [name]):
            return json.loads(content)
        raise KeyError(name)

    def instances(self) -> list[str]:
        """Return every instance as JSON text, in order."""
        return [content for (content,) in self._connection.execute("SELECT content FROM instance ORDER BY position")]

    def ledger(self) -> list[dict[str, Any]]:
        """Return the entries of the ledger, oldest first."""
        rows = self._connection.execute("SELECT content FROM ledger ORDER BY sequence")
        return [json.loads(content) for (content,) in rows]

    def requests(self) -> list[dict[str, Any]]:
        """Return the log of requests, oldest first."""
        rows = self._connection.execute("SELECT content FROM request ORDER BY sequence")
        return [json.loads(content) for (content,) in rows]

    def write(self, changes: Commit) -> None:
        """Commit the changes, all or none. Raises sqlite3.Error, a full disk for example."""
        execute = self._connection.execute
        rows: list[tuple[str, Sequence[Sequence[Any]]]] = [
            (_PUT_DOCUMENT, [(name, json.dumps(value)) for name, value in changes.documents.items()]),
            (_PUT_INSTANCE, list(changes.instances.items())),
            ("DELETE FROM instance WHERE id = ?", [[name] for name in changes.gone]),
            ("INSERT INTO ledger VALUES (?, ?)", _rows(changes.ledger)),
            ("INSERT INTO request VALUES (?, ?)", _rows(changes.requests)),
        ]
        execute(f"PRAGMA synchronous = {'FULL' if changes.durable else 'NORMAL'}")
        execute("BEGIN IMMEDIATE")
        try:
            if self._is_older:
                execute(f"PRAGMA user_version = {FORMAT}")
            if changes.everything:
                for table in ("document", "instance", "ledger", "request"):
                    execute(f"DELETE FROM {table}")  # noqa: S608 -- names of ours
            for statement, values in rows:
                if values:
                    self._connection.executemany(statement, values)
            execute("COMMIT")
            self._is_older = False
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file; the log beside it is merged and deleted."""
        self._connection.close()

    def _open(self, *, empty: bool) -> None:
        pragma = {name: self._value(f"PRAGMA {name}") for name in ("application_id", "user_version")}
        if empty:
            self._connection.executescript(_SCHEMA)
        elif pragma["application_id"] != APPLICATION_ID:
            raise SetupError(f"{self.path} is not a state file of this simulator; it is left as it is")
        elif pragma["user_version"] > FORMAT:
            raise SetupError(f"{self.path} was written by a newer release (format {pragma['user_version']})")
        self._is_older = not empty and pragma["user_version"] < FORMAT
        # Held from the first read to the end, so that two simulators never share a file.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("COMMIT")

    def _value(self, statement: str) -> Any:
        return self._connection.execute(statement).fetchone()[0]

    @contextlib.contextmanager
    def _setup_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SetupError(f"the state file cannot be opened: {error}") from None
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise SetupError(f"{self.path} is in use by another simulator") from None
            raise SetupError(f"{self.path} cannot be used: {error}") from None
        except sqlite3.DatabaseError:
            raise SetupError(f"{self.path} is not a state file of this simulator; it is left as it is") from None


def _create(path: Path) -> bool:
    """Create the file unless there is one; it holds credentials, so nobody else may read it.

    Returns:
        Whether it is empty.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return path.stat().st_size == 0


def _rows(entries: Sequence[dict[str, Any]]) -> list[tuple[int, str]]:
    return [(entry["sequence"], json.dumps(entry)) for entry in entries]
