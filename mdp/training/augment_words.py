"""timm's words for RandAugment, AutoAugment and AugMix, checked when a recipe is read. No torch.

timm passes over what it does not know, so that "rand-bogus" would be plain RandAugment, and some of what it
cannot do it meets only at the first picture.
"""

import re

WHOLE = ("none", "shift", "crop")
MOST = 100.0
_RAND = {
    "m": (0, MOST, int),
    "n": (1, 10, int),  # of the smaller sets, operations are drawn without putting them back
    "p": (0, 1, float),
    "mstd": (0, 1000, float),
    "mmax": (1, MOST, int),
    "inc": (0, 1, int),
}
_AUGMIX = {
    "m": (0, MOST, int),
    "w": (1, 10, int),
    "d": (1, 10, int),
    "a": (0.2, MOST, float),
    "b": (0, 1, int),
    "mstd": (0, 1000, float),
}
_AUTO = {"mstd": (0, 1000, float)}
_KINDS = {
    "rand": _RAND,
    "augmix": _AUGMIX,
    **dict.fromkeys(("v0", "v0r", "original", "originalr", "3a"), _AUTO),
}
_SETS = ("tweights", "t3a", "t3aw")
_NUMBER = {int: re.compile(r"[0-9]{1,9}"), float: re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")}


def wrong_augment(text: str) -> str:
    """What is wrong with a recipe's `augment`, in words; "" where nothing is.

    >>> wrong_augment("rand-m9-mstd0.5-inc1")
    ''
    >>> wrong_augment("original-bogus")
    "'augment' has 'bogus' behind 'original', where only mstd with a number can be"
    """
    if text in WHOLE:
        return ""
    kind, *words = text.split("-")
    if kind not in _KINDS:
        return (
            "'augment' must be none, shift, crop, or timm's words for RandAugment, AutoAugment or AugMix, "
            f"such as rand-m9-mstd0.5-inc1 or original-mstd0.5, not {text!r:.60}"
        )
    return next((wrong for word in words if (wrong := _wrong_word(kind, word))), "")


def _wrong_word(kind: str, word: str) -> str:
    if kind == "rand" and word in _SETS:
        return ""
    numbers = _KINDS[kind]
    found = re.fullmatch(r"([a-z]+)(.*)", word, re.DOTALL)
    key, value = found.groups() if found else ("", "")
    if key not in numbers:
        sets = f" or {', '.join(_SETS)}" if kind == "rand" else ""
        return (
            f"'augment' has {word!r:.60} behind {kind!r}, where only {', '.join(numbers)} with a number"
            f"{sets} can be"
        )
    low, high, form = numbers[key]
    if not (_NUMBER[form].fullmatch(value) and low <= float(value) <= high):
        named = "a whole number" if form is int else "a number"
        return f"'augment' has {word!r:.60}, where {key!r} takes {named} between {low:g} and {high:g}"
    return ""
