"""Published results that the venue is run against: each through its own book, published beside measured."""
