"""Domain-free tools, each named by what it gives."""
