"""Which URLs may be used at all."""

import pytest

from ocr_tasks import storage
from ocr_tasks.errors import SettingsError


@pytest.mark.parametrize(
    "url",
    [
        "scans",
        "/data/inner::outer.txt",
        "file:///data",
        "local:///data",
        "s3://bucket",
        "s3a://bucket",
        "gs://bucket",
        "gcs://bucket",
        "abfs://container",
        "abfss://container",
        "memory://scans",
    ],
)
def test_these_schemes_may_be_used(url):
    storage.refuse_other_schemes(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://host/scans",
        "https://host/scans",
        "ftp://host/scans",
        "sftp://host/scans",
        "reference://x",
        "simplecache::s3://bucket/scans",
        "zip://inner::file:///data/outer.zip",
        "tar::http://host/x",
        "FILE:///data",
    ],
)
def test_other_schemes_are_refused_by_the_name_of_the_setting(url):
    with pytest.raises(SettingsError, match="schemes"):
        storage.refuse_other_schemes(url)


def test_a_scheme_may_be_let_in_and_others_kept_out():
    storage.refuse_other_schemes("https://host/scans", ["https"])
    storage.refuse_other_schemes("s3a://bucket", ["s3"])
    storage.refuse_other_schemes("s3://bucket", ["s3a"])
    with pytest.raises(SettingsError, match=r"'file' .* schemes are s3, gs$"):
        storage.refuse_other_schemes("/data", ["s3", "gs"])
    with pytest.raises(SettingsError):
        storage.refuse_other_schemes("simplecache::s3://bucket", ["simplecache::s3"])


def test_a_password_in_a_refused_url_is_not_told():
    with pytest.raises(SettingsError) as told:
        storage.refuse_other_schemes("ftp://reader:hunter2@host/scans")
    assert "hunter2" not in str(told.value)
