"""One turn of the work, when it is done, a person's word on it, and whether it is healthy."""
