"""A local Discord: a world of people and servers, a real wire in front of it, and a page to act in it."""
