"""Who trades in a scenario. An agent sees its desk and acts through it; each kind is a file here."""
