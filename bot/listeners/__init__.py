"""Listeners: who is on, a named listener's call, an unnamed talk."""
