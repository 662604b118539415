def contradiction(problem, budget, limits, clock, pairs=True):
    return None
