"""The templates of the pages."""

from pathlib import Path

import jinja2

from ctseq.core.words import listed

_FOLDER = Path(__file__).parent / "templates"


def template(name: str) -> jinja2.Template:
    """Load a template of ``templates/``; it escapes every text that it is given."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        # By default jinja2 escapes by a file's suffix, and .j2 is none that it knows.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["listed"] = listed
    return environment.get_template(name)
