"""A venue inside a test suite: the fixture `venue` of the pytest plugin, and what a test does with it.

This package imports nothing by itself, as pytest loads the plugin in every session of every project.
"""
