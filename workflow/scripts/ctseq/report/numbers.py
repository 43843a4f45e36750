"""Numbers as text: few digits, and plain about what is undefined."""

import math

import pandas as pd

UNDEFINED = "undefined"
_MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with fixed decimals; NaN is undefined."""
    if _missing(value):
        return UNDEFINED
    if math.isinf(value):
        return "unbounded"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def count(value: float | None) -> str:
    """Return a count with its thousands apart."""
    if _missing(value) or math.isinf(value):
        return UNDEFINED
    return f"{round(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", _MINUS)


def p_value(p: float | None) -> str:
    """Return a p value with three decimals, or as below .001; never as 0."""
    if _missing(p):
        return UNDEFINED
    if p < 0.001:
        return "< .001"
    if p > 0.9995:
        return "1"
    return f"{p:.3f}".lstrip("0")


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Return an interval in brackets."""
    if _missing(low) or _missing(high):
        return UNDEFINED
    return f"[{number(low, digits)}, {number(high, digits)}]"


def percent(share: float | None) -> str:
    """Return a share in percent without decimals."""
    return UNDEFINED if _missing(share) else f"{100 * share:.0f} %"


def memory(mib: float | None) -> str:
    """Return an amount of memory in MiB or GiB."""
    if _missing(mib):
        return UNDEFINED
    return f"{mib:.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"


def _missing(value: float | None) -> bool:
    return value is None or bool(pd.isna(value))
