"""What is written down of a run: a listener of the kernel, and the tables that it fills. It measures nothing."""
