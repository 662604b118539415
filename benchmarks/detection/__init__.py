"""A 2-D detector, trained, pruned, repaired, fine-tuned: `python -m benchmarks.detection --data FOLDER`."""
