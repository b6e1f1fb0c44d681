"""Packets from clients that a list lets in or keeps out, while the list is replaced under them."""
