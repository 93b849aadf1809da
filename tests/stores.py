"""What the tests of stores share: names that are hard to keep, and the names at a URL."""

from ocr_tasks import storage

ODD_NAMES = [
    "two words.txt",
    "100%25.txt",
    "a#b?c=d&e.txt",
    "inner::outer.txt",
    "[x]*.txt",
    "reçu № 7 漢字.txt",
    "-rf",
    ".hidden",
    "~home",
    "back\\slash.txt",
    "quote'\".txt",
    "sub/folder/deep.txt",
]
S3_NAMES = [name for name in ODD_NAMES if name != "back\\slash.txt"]


def names_at(url):
    return [found.uri.removeprefix(url + "/") for found in storage.list_objects(url)]
