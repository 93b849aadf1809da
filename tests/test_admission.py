import pytest

from ocr_tasks.admission import refuse_credentials, refuse_secrets, refuse_url
from ocr_tasks.errors import SettingsError
from ocr_tasks.stores.filesystems import SCHEMES

PLANTED = "planted/wJalrXUtnFEMI+K7MDENG"


@pytest.mark.parametrize(
    "url",
    ["scans", "/data/a:b", "file:///data", "s3://bucket/x", "gs://b", "abfs://c@a", "memory://x"],
)
def test_paths_and_urls_of_known_stores_are_let_in(url):
    refuse_url(url, SCHEMES)


@pytest.mark.parametrize("url", ["http://host/x", "ftp://host", "simplecache::s3://bucket/x"])
def test_urls_of_other_schemes_are_refused(url):
    with pytest.raises(SettingsError, match="schemes are file, s3, gs, abfs, memory"):
        refuse_url(url, SCHEMES)


def test_a_scheme_that_is_configured_is_let_in_and_no_other():
    refuse_url("https://host/x", ("https",))
    with pytest.raises(SettingsError, match="schemes are https"):
        refuse_url("s3://bucket", ("https",))


@pytest.mark.parametrize(
    "url",
    [
        f"s3://AKIA:{PLANTED}@bucket/x",
        f"https://{PLANTED[:7]}@host",
        f"ftp://me:{PLANTED}@host",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url):
    for refuse in (refuse_credentials, lambda url: refuse_url(url, SCHEMES)):
        with pytest.raises(SettingsError, match="key, password or signature") as refusal:
            refuse(url)
        assert PLANTED not in str(refusal.value)
        assert "AKIA" not in str(refusal.value)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        pytest.param({"engine": {"options": {"api_key": PLANTED}}}, "api_key", id="by its name"),
        pytest.param(
            {"engine": {"options": {"a": [{"token": PLANTED}]}}}, "a.0.token", id="deep inside"
        ),
        pytest.param(
            {"engine": {"det_model": f"s3://k:{PLANTED}@models"}}, "det_model", id="in a URL"
        ),
        pytest.param({"collection": PLANTED}, "collection", id="the value of a variable"),
        pytest.param({"input": f"scans/{PLANTED}/x"}, "input", id="a part of a value"),
        pytest.param(
            {"decode": {"password_variable": "hunter2hunter2"}},
            "password_variable names no variable",
            id="a password where its variable should be named",
        ),
    ],
)
def test_secrets_in_settings_are_refused_by_key_and_never_by_value(settings, named):
    with pytest.raises(SettingsError, match=named) as refusal:
        refuse_secrets(settings, {"AWS_SECRET_ACCESS_KEY": PLANTED})
    assert PLANTED not in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_settings_without_secrets_are_let_in():
    settings = {
        "input": "s3://bucket/x",
        "collection": "default",
        "decode": {"password_variable": "PDF_PASSWORDS", "max_pixels": 12345678},
        "engine": {
            "options": {"use_tf32": 0, "layers": ["a", "b"], "max_tokens": 10, "none": None}
        },
    }
    environment = {
        "PDF_PASSWORDS": PLANTED,
        "API_TOKEN": "default",  # too short to tell from a word
        "PIN_TOKEN": "12345678",  # numbers are no secrets
        "HOME": "s3://bucket",  # not the name of a secret
    }
    refuse_secrets(settings, environment)
