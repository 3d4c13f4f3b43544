"""Setting a network up, and keeping it as it was set."""
