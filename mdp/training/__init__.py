"""Training on Hugging Face accelerate: the demo networks from scratch, and pruned networks fine-tuned."""
