"""What the proofs share: namespaces of their own, plans, and tables that say where they were made."""
