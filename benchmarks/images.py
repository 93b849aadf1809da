"""The images that a benchmark reads."""

from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png"}


def images_in(folder: Path, limit: int | None = None, skip: int = 0) -> list[Path]:
    """The folder's images, searched recursively and sorted; at most ``limit``, spread evenly.

    Spread, every genre that has a folder has its share. ``skip`` images are left out first.
    """
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    step = max(1, len(images) // limit) if limit else 1
    return images[skip::step][:limit]
