"""A server killed while people and a device use it."""
