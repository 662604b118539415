"""The words of the lesson, for the handout. docs/glossary.md has all of them."""

GLOSSARY = (
    ("dim", "One width of the network that can shrink: channels, heads, the width of an MLP, the embedding."),
    ("block", "A part of the network that can be left out as a whole, because a shortcut leads around it."),
    ("dense", "The network before anything is taken out."),
    ("latency", "The time of one pass through the network, measured on one device, in milliseconds."),
    (
        "table",
        "The measured latency of one part of the network, for every combination of the widths it touches.",
    ),
    ("importance", "An estimate, from images, of what the network would miss without a unit."),
    ("budget, Ψ", "The latency that must not be exceeded."),
    ("ω", "A list of zeros with a single 1: it says which width of a dim is taken."),
    ("κ", "A switch for each block: 1 kept, 0 left out."),
    ("plan", "One choice of all ω and κ."),
    ("proven", "No other plan within the budget keeps more importance. It says nothing about accuracy."),
    ("front", "The best plans of all budgets, as a line: importance over latency."),
    ("shadow price", "How much importance one more millisecond buys at a budget: the slope of the front."),
    (
        "repair",
        "The layers that are left are set anew so that they give what the dense ones gave. No training.",
    ),
)
