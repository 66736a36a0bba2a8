"""A small asynchronous client of the REST and WebSocket dialect, written to be read. It trades; it does not decide."""

from clients.ready import Credentials, Ready, ReadyFileError, read_ready
from clients.reference.account import AccountView, OpenOrder
from clients.reference.book import LocalBook, SyncedBook
from clients.reference.rest import Admin, ConnectionLostError, Rest, VenueError, on_grid
from clients.reference.streams import market_events, user_events

__all__ = [
    "AccountView",
    "Admin",
    "ConnectionLostError",
    "Credentials",
    "LocalBook",
    "OpenOrder",
    "Ready",
    "ReadyFileError",
    "Rest",
    "SyncedBook",
    "VenueError",
    "market_events",
    "on_grid",
    "read_ready",
    "user_events",
]
