"""The Discord face of each feature: parse, one service call, render."""
