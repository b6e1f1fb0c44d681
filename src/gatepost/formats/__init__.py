"""One file a format: pure renderers from entries to bytes, shared by file targets and feeds."""
