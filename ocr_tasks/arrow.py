"""Arrow without pandas, and what it is asked for in several places."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder

import pyarrow as pa
import pyarrow.compute as pc


def leave_out_pandas() -> None:
    """Has pyarrow do without pandas for as long as this process lives.

    At its first conversion pyarrow imports pandas, if that is installed, to know its objects. That
    takes longer than all other imports of a worker together, and 40 MB. Only for processes of our
    own: afterwards pyarrow takes a pandas object for any other.
    """
    if "pandas" in sys.modules:
        return
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([""])  # it looks for pandas twice, in Cython and in C++, and keeps both answers
    finally:
        sys.meta_path.remove(absent)


def repeated(names: pa.ChunkedArray) -> set[str]:
    """The names that are there more than once."""
    ordered = names.take(pc.sort_indices(names))
    return set(ordered[1:].filter(pc.equal(ordered[1:], ordered[:-1])).to_pylist())


class _Absent(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: object = None) -> None:
        """See MetaPathFinder."""
        if name == "pandas":
            raise ModuleNotFoundError("pandas is left out", name=name)
