"""Surgery: mask, extract, save, load and export pruned networks."""
