"""Many writers at one target, all of them with a plan made on the same state."""
