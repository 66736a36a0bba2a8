"""Tests of the dialect without sockets: numbers, signatures, limits, requests, and golden files of every answer."""
