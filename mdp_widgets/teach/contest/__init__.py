"""You against the solver: prune a network by hand within a budget, and see what the solver would do."""
