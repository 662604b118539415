"""A detector of StreamPETR's kind in plain torch: several cameras, 3-D positions, queries kept over time.

After Wang et al. 2023 (arXiv 2303.11926) as its published configuration for ResNet-50 describes it, written
anew. Left out: denoising queries, the auxiliary 2-D head, and attention in half precision. Its backbone is
what MDP prunes (arXiv 2504.02168, table 4); neck and head stay, and their time with them.

    python -m benchmarks.streampetr --latency        # full size, one thread
    python -m benchmarks.streampetr --train          # small size, a synthetic world
"""
