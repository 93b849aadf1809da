"""The images of a source, found by the names that labels have for them."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable

from ocr_tasks.errors import LabelFileError
from ocr_tasks.storage import StoredObject
from ocr_tasks.text.names import visible

ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".jp2", ".j2k", ".jpx"}
)


class SourceImages:
    """Every image below a source.

    Labels name images as somebody once had them: by a path on another machine, or as the TIFF of
    which here is a JPEG. Only their last part counts, and only what lies in the source is found.
    """

    def __init__(self, objects: Iterable[tuple[str, StoredObject]]) -> None:
        """Of all objects below a source, by their paths there, those that may be images."""
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        self._objects: dict[str, StoredObject] = {}
        for path, stored in objects:
            stem, ending = posixpath.splitext(posixpath.basename(path))
            if ending.lower() in ENDINGS:
                self._objects[path] = stored
                self._by_name[posixpath.basename(path)].append(path)
                self._by_stem[stem].append(path)

    def find(self, name: str, labels: str) -> StoredObject:
        """The image that labels call ``name``, or the one called as the file of ``labels`` itself.

        Of several by one name it is the one nearest to the path ``labels``.

        Raises:
            LabelFileError: there is none, or there are several.
        """
        base = posixpath.basename(name.replace("\\", "/"))
        own = posixpath.splitext(posixpath.basename(labels))[0]
        stem, ending = posixpath.splitext(base)
        candidates = (
            self._by_name.get(base)
            or self._by_stem.get(base)
            or (self._by_stem.get(stem) if ending.lower() in ENDINGS else None)
            or self._by_stem.get(own)
            or []
        )
        nearest = _nearest(candidates, labels)
        if len(nearest) != 1:
            told = visible(base or own)
            raise LabelFileError(
                f"several images are called {told}: {', '.join(nearest[:3])}"
                if nearest
                else f"there is no image called {told}"
            )
        return self._objects[nearest[0]]


def _nearest(paths: list[str], labels: str) -> list[str]:
    """Those that share the most folders with the path ``labels``."""
    folders = labels.split("/")[:-1]

    def shared(path: str) -> int:
        return len(posixpath.commonprefix([path.split("/")[:-1], folders]))

    most = max(map(shared, paths), default=0)
    return [path for path in paths if shared(path) == most]
