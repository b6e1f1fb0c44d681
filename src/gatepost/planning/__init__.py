"""Pure functions from answers to plans."""
