"""What people write of a series: whether with contrast agent, of which part, and if it is derived.

Descriptions are free text in the hospital's language. The tables know English, German, French,
Spanish, Portuguese and Italian; what they do not know is not told.
"""

import re
import unicodedata

# With contrast agent, without, and not told: or told both ways, such as "with and without".
CONTRAST, PLAIN, UNTOLD = "with contrast agent", "plain", ""
# The part that is wanted; another one is named by its own word, and not told is empty.
HEAD = "head"

_AGENT = r"(?:contrast\w*|kontrast\w*|km|con|ce|iv|i\.v\.?|inj\w*|enh\w*|gad\w*|c)\b"
_BOTH = re.compile(
    r"\bwith (?:and|&|or) without|\bw ?(?:/|&|and)? ?w ?/? ?o\b|\+ ?/ ?-|pre (?:and|&|/|\+)? ?post"
    r"|avec et sans|con e senza|con y sin|com e sem|mit und ohne|nativ und"
)
# "NON" alone is without contrast agent; what else is not something else says nothing of it.
_NOT_OF = r"(?:helic|spiral|vol|gat|tilt|axial|rigid|diag|linear|stat|ct\b|ecg|union)"
_PLAIN = re.compile(
    rf"\bpre\b(?!\W*(?:op|tpa|treat|therap|surg|monitor))(?:\W*{_AGENT})*"
    rf"|\bplain\b|\bnon\b(?!\W*{_NOT_OF})(?:\W*{_AGENT})*|\bnon?(?:\W*{_AGENT})+"
    rf"|\bnon(?:contrast|con|enh)\w*|\bnc+t\b|\bn/?c\b|\bne?cct\b|\bnect\b|\bunenhanced\b|\bnati(?:v|f|ve|vo|va)\b|\bsimple\b"
    rf"|\bcontrast\W*(?:no|none|nil|not (?:given|used))\b|\bs/c\b"
    rf"|\b(?:without|w ?/ ?o|wo|sans|sin|senza|sem|ohne)\b(?:\W*{_AGENT})*"
    r"|(?<![a-z0-9])c-(?![a-z0-9]| ?spine)|(?<![a-z0-9])-c(?![a-z0-9])|(?<![a-z0-9])iv-(?![a-z0-9])"
)
_AFTER = r"(?:$|[0-9]|std|st\b|stnd|bone|brain|soft|ax|thin|head|delay|cor|sag|recon)"
_CONTRAST = re.compile(
    rf"\bpost\b\W*(?:{_AGENT}|{_AFTER})|\bwith\W*{_AGENT}|\bw\b\W*{_AGENT}|\b(?:with|w)\W*$|\bc/c\b|contrast|kontrast"
    r"|(?<![a-z0-9])c ?\+|\+ ?c(?![a-z0-9])|\biv ?\+|\b(?:mit|nach|n|m)\.? ?km\b"
    r"|\b(?:ce|ce-?ct|cect|enhanced)\b|angio|\bct-?[avp]\b|venogra|perfusi|arteri|\bvenous\b"
    r"|\bven(?:os|oes)|delay|\bbolus\b|monitoring|smart ?prep|\binject|\d ?(?:cc|ml)\b"
)
_PARTS = {
    HEAD: r"\bhead|headneck|brain|skull|crani|craneo?\b|cerebr|cereb|neuro|schaedel|schadel|kopf"
    r"|hirn|\btete\b|cerveau|enceph|encef|cabe[zc]a|\btesta\b|\bcapo\b|stroke|\bich\b|\bfossa\b",
    "neck": r"neck|cervic|\bhals|\bcuello|\bcou\b|\bcollo\b|carotid",
    "chest": r"chest|thora[xc]|\btora[xc]|\blungs?\b|\bpulm|mediast|\bheart|cardiac|coronar",
    "abdomen": r"abdom|\babd\b|\bliver|\brenal|kidney|pancrea|\bbauch|urogra|\bkub\b",
    "pelvis": r"pelvi|becken|bassin|\bbacino",
    "spine": r"spine|spinal|lumbar|sacr[ua]|wirbel|columna|colonna|coluna|rachis|vertebr",
    "limbs": r"\bknee|\bhip\b|shoulder|\bankle|\bfoot\b|\bwrist|\bhand\b|\belbow|\bleg\b|\barm\b"
    r"|extremit|femur|tibia",
    "whole body": r"whole ?body|wholebody|\bptx\b|polytrauma|\bcap\b",
}
_PART = {part: re.compile(words) for part, words in _PARTS.items()}
# Pictures computed from slices: projections, reformats, maps, and what only dual energy makes.
_DERIVED = re.compile(
    r"\b(?:t?mips?|(?:min|max|avg|mean) ?ip|(?<!for )mprs?(?! source)|vrt"
    r"|volume render\w*|ssd|reformat\w*|projections?|curved|vnc|virtual|iodine"
    r"|mono\w*|[0-9]+ ?kev|cbf|cbv|mtt|ttp|tmax|subtract\w*|bone ?remov\w*)\b"
)


def plain_words(text: str) -> str:
    """Return a text in lower case without accents, its blanks and underscores as one blank."""
    # Words that are joined by capitals, such as Siemens' `HeadSeq`, are parted.
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    letters = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    letters = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(letters.replace("_", " ").replace("^", " ").split()).casefold()


def contrast_of(text: str) -> str:
    """Return `CONTRAST`, `PLAIN` or `UNTOLD`, by the words of a description."""
    words = plain_words(text)
    if _BOTH.search(words):
        return UNTOLD
    rest, n_plain = _PLAIN.subn(" ", words)
    with_agent = bool(_CONTRAST.search(rest))
    if bool(n_plain) == with_agent:
        return UNTOLD
    return PLAIN if n_plain else CONTRAST


def parts_of(text: str) -> list[str]:
    """List the parts of the body that a description names, `HEAD` first."""
    words = plain_words(text)
    return [part for part, found in _PART.items() if found.search(words)]


def is_derived(text: str) -> bool:
    """Tell whether a description is of pictures that are computed from other slices."""
    return bool(_DERIVED.search(plain_words(text)))


# What is written where an agent is asked for and none was given.
_NO_AGENT = re.compile(
    r"(?:no|none|non|nil|null|n|n/?a|na|0+|-+|without|w/?o|no contrast|plain)\W*"
)


def agent_given(agent: str, volume: float | None) -> str:
    """Return `CONTRAST`, `PLAIN` or `UNTOLD`, by the header's agent and its volume in ml.

    An agent whose volume is 0 was planned for and not given, or its volume was not entered.
    """
    name = plain_words(agent)
    if volume:
        return CONTRAST
    if volume == 0 and not name:
        return PLAIN
    if not name:
        return UNTOLD
    if _NO_AGENT.fullmatch(name) or contrast_of(agent) == PLAIN:
        return PLAIN
    return UNTOLD if volume == 0 else CONTRAST
