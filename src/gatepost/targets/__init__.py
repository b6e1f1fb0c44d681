"""One file a device: read what is there, carry out one plan."""
