"""How sharp a reconstruction kernel is, by the names that scanners' makers give theirs.

A sharp kernel shows bone and drowns what is looked for in a brain in noise. DICOM leaves the names
(ConvolutionKernel) to the makers. The tables follow what is published: Siemens' operating
instructions of the SOMATOM Sensation and the naming of its later kernels (family, subgroup, and a
two-digit index of sharpness: `Hr40`), GE's LightSpeed learning and reference guide (Soft, Standard,
Detail, Chest, Lung, Bone, Edge), and for Philips, Toshiba and Canon, whose manuals are not public,
what lung-screening trials and phantom studies report of single kernels. What is not in a table is
unknown, and is said so.
"""

import re
from collections.abc import Mapping

# In the order in which a study's series are preferred.
SOFT, MEDIUM, UNKNOWN, SHARP = "soft", "medium", "unknown", "sharp"
ORDER = (SOFT, MEDIUM, UNKNOWN, SHARP)

# `H31s`, `B70f`, `Hr40`, `Br64d`, older `AH50`: the index rises with the sharpness.
_SIEMENS = re.compile(r"(?:a?[bhucijsdqt]|[bhqusp][a-z]) ?([0-9]{2})[a-z]?", re.IGNORECASE)
# Siemens uses 50 and more for bone, inner ear and lung; 45 and 46 are vessels' and in between.
_SHARP_INDEX, _MEDIUM_INDEX = 50, 45
# Toshiba's and Canon's `FC21`: the tens are what it is for, 1 to 19 the body, 20 to 29 and 60 to 69
# the brain, 30 to 39 bone, 50 to 59 the lung, 80 to 89 bone and lung in high resolution.
_CANON = re.compile(r"fc ?([0-9]{2})(?:[-_ ].*|[a-z])?", re.IGNORECASE)
_CANON_TENS = {0: SOFT, 1: SOFT, 2: SOFT, 6: SOFT, 3: SHARP, 5: SHARP, 8: SHARP}
# Philips' letters, on their own: A to C of the body and UA to UC of the brain, smooth to sharp.
_PHILIPS = {"a": SOFT, "b": SOFT, "c": MEDIUM, "ua": SOFT, "ub": SOFT, "uc": MEDIUM}
_PHILIPS |= dict.fromkeys(["d", "e", "f", "g", "l", "ya", "yb", "yc", "yd"], SHARP)
# GE's names, and words that other makers and people use: the first that is in a text counts.
_WORDS = {
    SHARP: r"bone ?plus|bones?|lungs?|edge|ultra|v?sharp|inner ?ear|osteo|os|osseux|hueso|osso"
    r"|knochen|hrct",
    MEDIUM: r"detail",
    SOFT: r"v?soft|std|stnd|stand(?:ard)?|smooth|parenchym\w*|weichteil\w*|blando|molle",
}
# Words that name a kernel only where nothing but a kernel is named: elsewhere they are parts.
_WORDS_OF_KERNELS = _WORDS | {
    MEDIUM: rf"{_WORDS[MEDIUM]}|chest",
    SOFT: rf"{_WORDS[SOFT]}|brain|cerebr\w*|head",
}
# What a description may name without the maker: other letters before digits are anything.
_CODES = re.compile(r"(?<![A-Za-z])(?:[BHIJU]|[BHQU][a-z])[0-9]{2}[a-z]?\b|\bFC[0-9]{2}\b")


def sharpness_of(kernel: str, manufacturer: str = "", description: str = "") -> str:
    """Return whether a kernel is soft, medium, sharp or unknown.

    Parameters
    ----------
    kernel
        As the header names it; of several values the first.
    manufacturer
        Whose names it is read by; empty if unknown.
    description
        Of the series: where the header names no kernel, it may.
    """
    maker, code = manufacturer.casefold().strip(), kernel.strip()
    if code:
        return _of_code(code, maker) or _of_words(code, _WORDS_OF_KERNELS) or UNKNOWN
    told = [_of_code(code, maker) for code in _CODES.findall(description)]
    return next(filter(None, told), "") or _of_words(description, _WORDS) or UNKNOWN


def _of_code(kernel: str, manufacturer: str) -> str:
    """Return what a maker's table says of a kernel; empty if nothing.

    Siemens' and Canon's codes are like no other's, so that they are known without the maker too, as
    are letters that stand alone, which only Philips has.
    """

    def may_be(*names: str) -> bool:
        return not manufacturer or any(name in manufacturer for name in names)

    if may_be("siemens") and (code := _SIEMENS.fullmatch(kernel)):
        index = int(code[1])
        return SHARP if index >= _SHARP_INDEX else MEDIUM if index >= _MEDIUM_INDEX else SOFT
    if may_be("toshiba", "canon") and (code := _CANON.fullmatch(kernel)):
        return _CANON_TENS.get(int(code[1]) // 10, "")
    if may_be("philips", "picker", "marconi", "elscint"):
        return _PHILIPS.get(kernel.casefold(), "")
    return ""


def _of_words(text: str, words: Mapping[str, str]) -> str:
    text = re.sub(r"[\W_]+", " ", text).casefold()
    found = (
        kind for kind, own in words.items() if re.search(rf"(?<![a-z])(?:{own})(?![a-z])", text)
    )
    return next(found, "")
