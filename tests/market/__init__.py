"""Market tables: the rules of the venue as lines that a trader can read, and the small runner that plays them."""
