"""More than one budget: the certified optimum under a latency budget and limits of other resources."""
