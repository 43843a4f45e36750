"""The templates of the pages."""

from pathlib import Path

import jinja2

from ctseq.core.words import listed

_FOLDER = Path(__file__).parent / "templates"


def template(name: str) -> jinja2.Template:
    """Load a page's template; it escapes every text that it is given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        # The template's name ends in .j2, by which no escaping would be chosen.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["listed"] = listed
    return environment.get_template(name)
