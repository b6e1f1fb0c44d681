"""What a web application installs: a gate before it, and a list that keeps itself current."""
