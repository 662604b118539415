"""The front door: what `import mdp` offers, from an `nn.Module` and any batches to a pruned `nn.Module`.

One file per verb. Each imports torch only when it is called; `mdp/__init__.py` says which names are public.
"""
