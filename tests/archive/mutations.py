"""Bytes changed at random, by a seed that changes them in the same way again.

Checksums are often made good afterwards: without that, hardly a changed file would get past them.
"""

import random
import struct
import tarfile
import zlib

ODD_INTEGERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
SIGNATURE = 12  # bytes that are mostly left alone: without them a file is none of its kind


def mutated(data, seed, others=()):
    """The bytes changed in one to four places; parts of ``others`` may get in."""
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        first = 0 if chance.random() < 0.03 else min(SIGNATURE, len(changed))
        last = len(changed) if chance.random() < 0.6 else min(len(changed), 600)
        at = chance.randrange(first, max(last, first + 1))
        chance.choice(CHANGES)(chance, changed, at, others)
    if chance.random() < 0.05:
        del changed[chance.randrange(len(changed) + 1) :]
    if chance.random() < 0.8:
        changed = with_good_checksums(changed)
    return bytes(changed)


def _flip(chance, data, at, _):
    if at < len(data):
        data[at] ^= 1 << chance.randrange(8)


def _overwrite(chance, data, at, _):
    new = chance.randbytes(chance.randint(1, 8))
    data[at : at + len(new)] = new


def _odd_integer(chance, data, at, _):
    kind = chance.choice([">B", ">H", "<H", ">I", "<I"])
    value = chance.choice(ODD_INTEGERS) & ((1 << 8 * struct.calcsize(kind)) - 1)
    data[at : at + struct.calcsize(kind)] = struct.pack(kind, value)


def _nudge(chance, data, at, _):
    if at < len(data):
        data[at] = (data[at] + chance.choice([-2, -1, 1, 2])) % 256


def _odd_digits(chance, data, at, _):
    """Another number in what is text, as in a PDF or a tar."""
    while at < len(data) and not chr(data[at]).isdigit():
        at += 1
    data[at : at + 1] = chance.choice([b"0", b"-1", b"9", b"99999999", b"4294967295"])


def _delete(chance, data, at, _):
    del data[at : at + chance.choice([1, 2, 4, 16, 200])]


def _repeat(chance, data, at, _):
    part = data[at : at + chance.choice([1, 4, 12, 64, 512])]
    data[at:at] = part * chance.choice([1, 1, 2, 20])


def _move(chance, data, at, _):
    part = data[at : at + chance.choice([4, 12, 512])]
    to = chance.randrange(len(data) + 1)
    data[to : to + len(part)] = part


def _splice(chance, data, at, others):
    if others:
        other = chance.choice(others)
        start = chance.randrange(len(other))
        part = other[start : start + chance.choice([8, 64, 512])]
        data[at : at + len(part)] = part


CHANGES = [
    *(_flip, _flip, _nudge, _overwrite, _odd_integer, _odd_integer, _odd_digits),
    *(_delete, _repeat, _move, _splice),
]


def with_good_checksums(data):
    """The bytes with the checksums that a PNG and a tar carry made good, if they are one."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png_with_good_checksums(data)
    if data[257:262] == b"ustar":
        return _tar_with_good_checksums(data)
    return data


def _png_with_good_checksums(data):
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 8 + length
        if end + 4 > len(data):
            break
        data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return data


def _tar_with_good_checksums(data):
    for at in range(0, len(data) - tarfile.BLOCKSIZE + 1, tarfile.BLOCKSIZE):
        if data[at + 257 : at + 262] == b"ustar":
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + tarfile.BLOCKSIZE])
    return data
