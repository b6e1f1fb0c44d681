"""Mutants of the planner, made and run by mutmut, and what became of each."""
