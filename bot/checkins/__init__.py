""" "Are you really OK?": asking at the member's own time, and keeping the answer they choose to give."""
