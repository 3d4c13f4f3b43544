"""The database: one file, one writer, and columns that say what they know about a person."""
