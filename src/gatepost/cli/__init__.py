"""The commands: one file each, and the one place that builds objects and knows everyone."""
