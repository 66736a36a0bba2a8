"""Tests of the clients: reference client, bots, recipes, template."""
