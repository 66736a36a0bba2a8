"""Tests of the suites that the package ships."""
