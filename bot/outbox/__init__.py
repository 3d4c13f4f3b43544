"""What the bot starts itself: kept in one commit with its reason, sent once, and never dropped in silence."""
