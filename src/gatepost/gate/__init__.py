"""Pure request-time functions: is this address on the list, and why."""
