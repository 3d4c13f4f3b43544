"""When things happen: recurrence and closures (pure), and the alarm clock that wakes the bot."""
