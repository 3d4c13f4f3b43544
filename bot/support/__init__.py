"""Support: which numbers to show, from memory alone."""
