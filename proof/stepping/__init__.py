"""Run a program one system call at a time, and do something to it at any one of them."""
