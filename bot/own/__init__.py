"""A member's own data: what is kept, taken away as a file, or forgotten."""
