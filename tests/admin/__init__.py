"""Tests of the control API's bodies and sentences; its routes are tested over the wire."""
