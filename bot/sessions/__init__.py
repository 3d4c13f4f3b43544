"""Group sessions: when they are held, who is coming, reminders, the door, and the calendar."""
