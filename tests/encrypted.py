"""A PDF that is really encrypted, as PDF 1.4 has it (7.6.2 and 7.6.3 of ISO 32000-1)."""

import hashlib

PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
PERMISSIONS = b"\xd4\xff\xff\xff"  # -44, the lowest byte first


def rc4(key, data):
    """The data in or out of RC4, which are the same."""
    state = list(range(256))
    at = 0
    for number in range(256):
        at = (at + state[number] + key[number % len(key)]) % 256
        state[number], state[at] = state[at], state[number]
    made, one, other = bytearray(), 0, 0
    for byte in data:
        one = (one + 1) % 256
        other = (other + state[one]) % 256
        state[one], state[other] = state[other], state[one]
        made.append(byte ^ state[(state[one] + state[other]) % 256])
    return bytes(made)


def padded(password):
    return (password.encode("latin-1") + PADDING)[:32]


def encrypted_pdf(password):
    """A page of 100 x 60 points, the left half black, that opens with the password alone."""
    owner = rc4(hashlib.md5(padded(password)).digest()[:5], padded(password))
    key = hashlib.md5(padded(password) + owner + PERMISSIONS + b"\x00").digest()[:5]
    content = b"0 g 0 0 50 60 re f"
    own_key = hashlib.md5(key + b"\x04\x00\x00" + b"\x00\x00").digest()[:10]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 60] /Contents 4 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), rc4(own_key, content)),
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O <%s> /U <%s> >>"
        % (owner.hex().encode(), rc4(key, PADDING).hex().encode()),
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, entry in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, entry)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
        + b"trailer << /Size %d /Root 1 0 R /Encrypt 5 0 R /ID [<00><00>] >>\n" % (len(objects) + 1)
        + b"startxref\n%d\n%%%%EOF\n" % len(body)
    )
