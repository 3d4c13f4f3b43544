"""How words become Discord messages, and how presses find their handlers."""
