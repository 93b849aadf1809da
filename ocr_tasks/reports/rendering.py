"""Values put into templates. Whatever comes from outside is escaped, and cannot be acted on."""

import base64
import functools
from typing import Any

import jinja2

from ocr_tasks.text.names import printable, visible


def html_page(template: str, **values: Any) -> bytes:
    """The page that a template makes of these values, as UTF-8.

    Values are escaped (autoescape); ``shown`` makes visible what no reader would see, such as
    control characters and bytes that are no UTF-8.
    """
    page = _templates().get_template(template).render(**values)
    return page.encode("utf-8", "backslashreplace")


def data_url(data: bytes, media_type: str) -> str:
    """A file as a URL that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


@functools.cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("ocr_tasks.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["shown"] = lambda text: visible(printable(str(text)))
    templates.filters["codepoint"] = lambda character: f"U+{ord(character):04X}"
    return templates
