"""Bugs of others, planted in a copy of gatepost, and whether its checks see them."""
