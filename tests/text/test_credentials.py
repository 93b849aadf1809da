import pytest

from ocr_tasks.text.credentials import has_credentials, names_a_secret


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIA123:wJalrXUtnFEMI@bucket/maps",
        "s3://AKIA123:wJal/rXUtn/FEMI@bucket/maps",
        "s3://AKIA123@bucket",
        "s3a://key:secret@bucket",
        "S3://key:secret@bucket",
        "gs://token:ya29@bucket/x",
        "https://user:password@host/x",
        "https://token@host",
        "https://host/page.jpg?X-Amz-Signature=abc",
        "https://host/page.jpg?a=1&access_token=abc",
        "https://account.blob.core.windows.net/c/x?sv=2024&sig=abc",
        "abfs://container:key@account.dfs.core.windows.net/x",
        "ftp://user:password@host/x",
        "file://user:password@host/x",
    ],
)
def test_a_url_with_a_user_key_or_signature_has_credentials(url):
    assert has_credentials(url)


@pytest.mark.parametrize(
    "url",
    [
        "scans/user:password@host",
        "/data/a:b@c/?sig=1",
        "file:///data/a:b@c",
        "memory://a:b@c",
        "s3://bucket/maps",
        "s3://bucket/mail/me@example.org.pdf",
        "s3://bucket/a:b@c",
        "s3://bucket/page.jpg?token=1",
        "s3://arn:aws:s3:eu-west-1:123:accesspoint/maps/me@example.org.pdf",
        "abfs://container@account.dfs.core.windows.net/x",
        "https://host:8080/me@example.org.pdf",
        "https://host/page.jpg?size=1",
    ],
)
def test_what_only_looks_like_credentials_is_none(url):
    assert not has_credentials(url)


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "engine.options.api_key",
        "engine.options.apikey",
        "engine.options.password",
        "PDF_PASSWORDS",
        "passwd",
        "client_secret",
        "hf_token",
        "GH_PAT",
    ],
)
def test_names_that_end_in_a_secret_name_one(name):
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "decode.password_variable",
        "TOKEN_FILE",
        "max_new_tokens",
        "tokenizer",
        "monkey",
        "AWS_ACCESS_KEY_ID",
        "SSH_AUTH_SOCK",
        "engine.options.enable_hpi",
    ],
)
def test_places_of_secrets_and_other_words_name_none(name):
    assert not names_a_secret(name)
