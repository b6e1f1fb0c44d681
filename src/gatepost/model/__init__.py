"""The nouns: frozen values of the standard library, no I/O, no clock."""
