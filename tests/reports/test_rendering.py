"""Templates escape whatever they are given, and miss nothing in silence."""

import base64

import jinja2
import pytest

from ocr_tasks.reports import rendering
from ocr_tasks.reports.rendering import data_url, html_page

HOSTILE = "<b onclick=x>\"'&\x1b\u202e"


@pytest.fixture
def template(monkeypatch):
    """A function that makes a page of a template's text."""
    rendering._templates.cache_clear()

    def page(text, **values):
        templates = rendering._templates()
        monkeypatch.setattr(templates, "loader", jinja2.DictLoader({"page.html": text}))
        return html_page("page.html", **values).decode()

    yield page
    rendering._templates.cache_clear()


def test_values_are_escaped(template):
    page = template('<i title="{{ value }}">{{ value }}</i>', value=HOSTILE)
    assert page.count("<") == 2
    assert page.count('"') == 2


def test_what_cannot_be_seen_is_shown_as_what_it_is(template):
    page = template("{{ value | shown }}", value=f"{HOSTILE}\udcff")
    assert "\\x1b" in page
    assert "\\u202e" in page
    assert "\\xff" in page


def test_a_value_that_was_not_given_is_an_error(template):
    with pytest.raises(jinja2.UndefinedError):
        template("{{ missing }}")


@pytest.mark.parametrize("name", ["check.html", "evaluation.html"])
def test_every_page_has_the_policy_that_lets_nothing_be_loaded(name):
    source, *_ = rendering._templates().loader.get_source(rendering._templates(), name)
    assert source.startswith('{% extends "base.html" %}')
    base, *_ = rendering._templates().loader.get_source(rendering._templates(), "base.html")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in base
    assert "|safe" not in source.replace(" ", "")


def test_a_data_url_holds_the_file():
    head, data = data_url(b"\x00\xff", "image/png").split(",")
    assert (head, base64.b64decode(data)) == ("data:image/png;base64", b"\x00\xff")
