def by_milp(problem, budget, limits, clock, bound, reason):
    raise NotImplementedError(reason)
