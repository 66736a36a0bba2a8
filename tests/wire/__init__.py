"""Tests over a real socket: a venue is opened, served and spoken to as a client would."""
