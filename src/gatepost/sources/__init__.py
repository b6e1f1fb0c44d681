"""One file a platform: adapters that yield exactly one list, whole, or raise."""
