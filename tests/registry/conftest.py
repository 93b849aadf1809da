"""Registries in each kind of store."""

from uuid import uuid4

import pytest

from ocr_tasks import storage


@pytest.fixture(params=["local", "memory", "s3"])
def root(request, tmp_path):
    """Where a registry lies that is empty yet."""
    if request.param == "local":
        return storage.absolute(str(tmp_path / "registry"))
    if request.param == "memory":
        return request.getfixturevalue("memory_url")
    return request.getfixturevalue("s3_endpoint").uri(f"registry-{uuid4().hex}")


@pytest.fixture(params=["local", "s3"])
def shared_root(request, tmp_path):
    """The same, where other processes see it."""
    if request.param == "local":
        return storage.absolute(str(tmp_path / "registry"))
    return request.getfixturevalue("s3_endpoint").uri(f"registry-{uuid4().hex}")


@pytest.fixture
def source(tmp_path):
    """Where an export leaves its files."""
    return storage.absolute(str(tmp_path / "export"))
