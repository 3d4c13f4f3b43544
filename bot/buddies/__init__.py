"""Buddies: two people of the same lonely job, never one above the other."""
