"""Filled checklists as Markdown, which shows every text as it is and links only to known files."""

import re
from collections.abc import Mapping, Sequence

from ctseq.report.checklists.items import Checklist, Filled, State, counts
from ctseq.report.tables import Table

# What begins markup anywhere: code, emphasis, HTML, cells of a table, formulas. A bracket does so
# only after a link's text, an underscore only at the edge of a word: intervals and names of metrics
# stay readable in the file itself.
_MARKUP = re.compile(r"[\\`*<|~$]|(?<=\])[(\[]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
# What begins a heading, quotation, list, rule or definition at a line's start.
_AT_START = re.compile(r"^(\d+(?=[.)]( |$))|(?=[#>+=\[-]))")


def escaped(text: str) -> str:
    """Return plain text as Markdown that shows the same inside a line."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def paragraph(text: str) -> str:
    """Return plain text as Markdown that shows the same on a line of its own."""
    return _AT_START.sub(lambda found: f"{found[0]}\\", escaped(text))


def checklist_text(checklist: Checklist, parts: Mapping[str, Sequence[Filled]]) -> str:
    """Return the file of a checklist: counts, what is left to the authors, then every item."""
    blocks = [f"# {escaped(checklist.title)}", paragraph(checklist.about), *_summary(parts)]
    for heading, items in parts.items():
        blocks.append(f"## {escaped(heading)}")
        blocks += [block for one in items for block in _item(one)]
    return "\n\n".join(blocks) + "\n"


def count_words(parts: Mapping[str, Sequence[Filled]]) -> str:
    """Return in words how many items are in each state."""
    found = counts(parts)
    shares = ", ".join(f"{number} {state}" for state, number in found.items())
    return f"{sum(found.values())} items: {shares}"


def table_text(table: Table) -> str:
    """Return a table with its title above and its notes below."""
    header = table.header if any(table.header) else [""] * len(table.rows[0])
    rows = [header, ["---"] * len(header), *table.rows]
    lines = [
        f"| {' | '.join(cells if index == 1 else map(escaped, cells))} |"
        for index, cells in enumerate(rows)
    ]
    title = [f"*{escaped(table.title)}*"] * bool(table.title)
    return "\n\n".join([*title, "\n".join(lines), *map(paragraph, table.notes)])


def _summary(parts: Mapping[str, Sequence[Filled]]) -> list[str]:
    lines = [f"**{count_words(parts)}.**"]
    items = [one for own in parts.values() for one in own]
    for state in (State.IN_PART, State.AUTHORS):
        names = [_name(one) for one in items if one.state == state]
        if names:
            lines.append(f"{state.capitalize()}: {'; '.join(names)}.")
    return lines


def _item(one: Filled) -> list[str]:
    lines = []
    if one.answer is not None:
        lines.append(f"*Asks:* {_sentence(one.item.asks)}")
        lines.append(paragraph(one.answer.text))
        lines += map(table_text, one.answer.tables)
        places = ", ".join(f"[{at}](../{at})" for at in dict.fromkeys(one.answer.places))
        lines += [f"*Stands in:* {places}"] * bool(places)
    if one.left:
        lines.append(f"**For the authors:** {_sentence(one.left)}")
    return [f"### {_name(one)} ({one.state})", *lines]


def _name(one: Filled) -> str:
    number = f"{one.item.number} " * bool(one.item.number)
    return f"{number}{escaped(one.item.name)}"


def _sentence(words: str) -> str:
    return f"{escaped(words[:1].upper() + words[1:])}."
