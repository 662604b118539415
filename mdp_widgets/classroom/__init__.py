"""A class: who is there, what they answered, and what the teacher sees. Needs no torch.

`room` holds the state and takes events, `journal` keeps them over a restart, `desk` does both for the server.
"""
