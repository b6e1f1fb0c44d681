"""Recorded histories and what is known of them."""
