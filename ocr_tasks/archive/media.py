"""What bytes are, told by how they begin. File names are never believed."""

HEAD_BYTES = 1024  # as much as any of the signatures below needs

JPEG, PNG, TIFF, BMP = "image/jpeg", "image/png", "image/tiff", "image/bmp"
WEBP, JPEG2000, PDF = "image/webp", "image/jp2", "application/pdf"
TAR, COMPRESSED_TAR, ZIP = "application/x-tar", "application/x-compressed-tar", "application/zip"
EMPTY, UNKNOWN = "application/x-empty", "application/octet-stream"
FOLDER = "inode/directory"

IMAGES = frozenset({JPEG, PNG, TIFF, BMP, WEBP, JPEG2000})
DOCUMENTS = IMAGES | {PDF}
PAGED = frozenset({PDF, TIFF})  # what may hold more than one page
ARCHIVES = frozenset({TAR, COMPRESSED_TAR, ZIP})

_SIGNATURES = (  # offset, bytes there, media type
    (257, b"ustar", TAR),  # first: a tar begins with a name, which may look like anything
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (0, b"II+\x00", TIFF),  # BigTIFF
    (0, b"MM\x00+", TIFF),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000),
    (0, b"\xff\x4f\xff\x51", JPEG2000),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
    (0, b"\x1f\x8b", COMPRESSED_TAR),
    (0, b"BZh", COMPRESSED_TAR),
    (0, b"\xfd7zXZ\x00", COMPRESSED_TAR),
    (8, b"WEBP", WEBP),
    # Not read here; named so that a skipped row can say what was found.
    (0, b"GIF8", "image/gif"),
    (4, b"ftyphei", "image/heif"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (0, b"{\\rtf", "text/rtf"),
    (0, b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
    (0, b"Rar!", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
)
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # bytes; "BM" alone begins many a text
# A zip that begins with one of these is an office document or a book, not an archive of scans.
_PACKAGES = (b"[Content_Types].xml", b"mimetype", b"_rels/", b"META-INF/", b"docProps/")


def sniff(head: bytes) -> str:
    """The media type of content that begins with ``head`` (HEAD_BYTES or all there is).

    Nothing but zeros is empty: what a broken copy leaves, or a tar without members.

    A gzip, bzip2 or xz stream is taken for a compressed tar; whether it holds one shows when it
    is opened.
    """
    if not head.strip(b"\0"):
        return EMPTY
    for offset, signature, media_type in _SIGNATURES:
        if head.startswith(signature, offset):
            is_package = media_type == ZIP and head[30:].startswith(_PACKAGES)
            return "application/x-office-package" if is_package else media_type
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return BMP
    if b"%PDF-" in head:  # readers accept a PDF that begins within the first kilobyte
        return PDF
    return _text_or_unknown(head)


def _text_or_unknown(head: bytes) -> str:
    if b"\x00" in head:
        return UNKNOWN
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a character cut at the end of the head is no fault
            return UNKNOWN
    return "text/plain"
