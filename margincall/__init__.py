"""What other projects load by a name of our own. Each module imports the rest of Margincall only when it is used."""
