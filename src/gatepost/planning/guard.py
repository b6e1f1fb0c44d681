"""Guards: named rules that find reasons to hold an answer or a plan."""
