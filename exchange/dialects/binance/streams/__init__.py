"""What is heard: the stream table, its sources and messages, the events of an account, and listen keys. No sockets."""
