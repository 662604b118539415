"""Panels for long work: each is a function that gives a widget, which works alone in a notebook cell too."""
