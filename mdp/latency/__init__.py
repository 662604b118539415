"""Latency: what is measured (pieces), how (timer), how much (grid), and where it is kept (store)."""
