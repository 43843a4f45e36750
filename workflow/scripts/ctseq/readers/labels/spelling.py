"""How titles and cells of label tables are compared.

This module imports nothing slow, so that the configuration is checked with it.
"""

import re
import unicodedata
from typing import Any

# What YAML makes of `yes` and `no`, `on` and `off`: the words themselves are lost.
_BOOLEANS = {True: ("yes", "true", "on"), False: ("no", "false", "off")}
_WHOLE = re.compile(r"0*([0-9]+)(?:[.,]0*)?")
_DECIMAL = re.compile(r"([0-9]+)[.,]([0-9]+?)0*")


def bare_title(title: str) -> str:
    """Return a column's title in lower-case letters and digits: `Slice_Number` is `slicenumber`."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", title).casefold())


def cell_key(cell: str) -> str:
    """Return a cell as it is compared: `JA` as `ja`, and `1,0` and `01` as `1`."""
    text = " ".join(unicodedata.normalize("NFC", cell).casefold().split())
    if match := _WHOLE.fullmatch(text):
        return match[1]
    if match := _DECIMAL.fullmatch(text):
        return f"{match[1]}.{match[2]}"
    return text


def value_keys(value: Any) -> tuple[str, ...]:
    """Return which cells a value of the configuration means, as `cell_key` returns them."""
    return _BOOLEANS[value] if isinstance(value, bool) else (cell_key(str(value)),)
