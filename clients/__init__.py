"""Users of the wire: a reference client, recipes for popular clients, house bots, a template. Nothing of the venue."""
