"""A decoder that was taken over may say anything: it harms what it was given, and nothing else."""

import io
import math
import struct
import time

import pytest

from ocr_tasks.archive import containment
from ocr_tasks.archive.channel import MAX_JSON
from ocr_tasks.archive.decoders import POOL
from ocr_tasks.archive.listing import list_pages
from ocr_tasks.archive.media import COMPRESSED_TAR, PDF, PNG, TAR
from ocr_tasks.archive.raster import ArchiveSpec, DecodeSpec, Rung
from ocr_tasks.errors import DecoderDiedError, PageError, TimedOutError
from tests import makers
from tests.archive.hostile import decoder_processes
from tests.archive.reading import read, told

SPEC = DecodeSpec(timeout_seconds=0.5, max_pages=50, archives=ArchiveSpec(max_members=5))
DATA = bytes(range(256)) * 100


def raster(**changes):
    """An answer to a request for a page, of 2 x 2 pixels where nothing else is said."""
    answer = {"done": True, "shape": [2, 2, 3], "size": [2, 2], "dpi": None, "render_scale": None}
    return answer | {"exif_orientation": 1, "text": None} | changes


def raw(text=b"{}", payload=b"", says=None):
    lengths = says or (len(text), len(payload))
    return ["raw", (struct.pack(">II", *lengths) + text + payload).hex()]


SENSELESS = [
    pytest.param(["leave", 0], id="it leaves"),
    pytest.param(["raw", "00"], ["leave", 1], id="it leaves in mid-word"),
    pytest.param(raw(b"{..}"), id="no JSON"),
    pytest.param(raw(says=(MAX_JSON + 1, 0)), id="too long a text"),
    pytest.param(raw(says=(2, 0xFFFFFFFF)), id="too long a payload"),
    pytest.param(raw(b"[", says=(90_000, 0)), ["raw", "5b", 90_000], id="brackets without end"),
    pytest.param(["say", {}], id="an empty answer"),
    pytest.param(["say", {"part": 0}], id="a part without bytes"),
    pytest.param(["say", {"error": None}], id="an error that is none"),
    pytest.param(["say", {"error": ["E_NOT_IMAGE"]}], id="an error without a message"),
    pytest.param(["say", {"error": ["E_SETTINGS", "x"]}], id="an error that is no page's"),
    pytest.param(["say", {"error": ["E_NONE", "x"]}], id="an error nobody knows"),
    pytest.param(["say", {"error": [["E_IO"], "x"]}], id="an error of lists"),
    pytest.param(["say", {"read": None}], id="to read nothing"),
    pytest.param(["say", {"read": [5]}], id="to read half a range"),
    pytest.param(["say", {"read": ["a", "b"]}], id="to read words"),
    pytest.param(["say", {"read": [-1, 5]}], id="to read before the beginning"),
    pytest.param(["say", {"read": [0, 0]}], id="to read no bytes"),
    pytest.param(["say", {"read": [0, -1]}], id="to read all there is"),
    pytest.param(["say", {"read": [0, 1 << 60]}], id="to read more than there is memory"),
]


def ask_for_page(decoder):
    return decoder.decode(io.BytesIO(DATA), "key", PNG, len(DATA), 0, Rung())


def ask_for_member(decoder):
    return b"".join(decoder.unpack(io.BytesIO(DATA), "key", TAR, len(DATA), 0, 6))


def ask_for_contents(decoder, media_type=COMPRESSED_TAR):
    return list(decoder.look(io.BytesIO(DATA), media_type, len(DATA)))


@pytest.mark.parametrize(
    "steps", [[param.values, param.id] for param in SENSELESS], ids=lambda s: s[1]
)
def test_what_makes_no_sense_ends_the_process_and_is_an_error_of_what_it_opened(pose, steps):
    pose(*steps[0])
    for ask in (ask_for_page, ask_for_member):
        with POOL.borrowed(SPEC) as decoder, pytest.raises(DecoderDiedError):
            ask(decoder)
    with POOL.borrowed(SPEC) as decoder:
        (found,) = ask_for_contents(decoder)
    assert isinstance(found.fault, DecoderDiedError)
    assert found.pages == 1
    assert not decoder_processes()


@pytest.mark.parametrize(
    ("answer", "payload"),
    [
        pytest.param(raster(), 11, id="too few pixels"),
        pytest.param(raster(), 13, id="too many pixels"),
        pytest.param(raster(), 48, id="more than there may be"),
        pytest.param(raster(shape=[0, 0, 3]), 0, id="none"),
        pytest.param(raster(shape=[-2, -2, 3]), 12, id="negative sides"),
        pytest.param(raster(shape=[2, 2, 4]), 16, id="four channels"),
        pytest.param(raster(shape=[2, 6]), 12, id="a shape of two sides"),
        pytest.param(raster(shape=["a", "b", "c"]), 12, id="a shape of words"),
        pytest.param(raster(shape=[math.inf, 2, 3]), 12, id="an endless side"),
        pytest.param(raster(shape=None), 12, id="no shape"),
        pytest.param(raster(size=[1, 1]), 12, id="a frame too small"),
        pytest.param(raster(size=[1 << 40, 2]), 12, id="a frame no row can hold"),
        pytest.param(raster(dpi="many"), 12, id="a resolution in words"),
        pytest.param(raster(dpi=math.nan), 12, id="a resolution that is no number"),
        pytest.param(raster(render_scale=-1), 12, id="a negative scale"),
        pytest.param(raster(exif_orientation=9), 12, id="turned in a ninth way"),
        pytest.param({k: v for k, v in raster().items() if k != "done"}, 12, id="not the last"),
        pytest.param({k: v for k, v in raster().items() if k != "text"}, 12, id="nothing of text"),
        pytest.param(raster(text=[]), 12, id="a text without lines"),
        pytest.param(raster(text=[["a", 0, 0, 2, 3]]), 12, id="a line beside the page"),
    ],
)
def test_pixels_that_are_no_page_are_not_taken_for_one(pose, answer, payload):
    pose(["say", answer, payload])
    spec = DecodeSpec(timeout_seconds=0.5, max_pixels=15)
    with POOL.borrowed(spec) as decoder, pytest.raises(DecoderDiedError):
        ask_for_page(decoder)


def test_a_decoder_that_says_it_is_done_has_done_something(pose):
    pose(["say", {"done": True}])
    with POOL.borrowed(SPEC) as decoder, pytest.raises(DecoderDiedError):
        ask_for_page(decoder)
    with POOL.borrowed(SPEC) as decoder:
        (found,) = ask_for_contents(decoder)
    assert isinstance(found.fault, DecoderDiedError)


MEMBER = ["say", {"member": [0, "a.png", 9, None]}]
FOUND = ["say", {"media_type": PNG, "pages": 1, "fault": None}]


@pytest.mark.parametrize(
    ("steps", "honest"),
    [
        pytest.param([["say", {"member": [0]}]], 0, id="half a member"),
        pytest.param([["say", {"member": [0, "a", -5, None]}]], 0, id="a negative size"),
        pytest.param([["say", {"member": [0, "a", 5, 10**9]}]], 0, id="a place beyond the end"),
        pytest.param([["say", {"member": [0, "a", 1 << 70, None]}]], 0, id="a size of no number"),
        pytest.param([["say", {"member": [1 << 40, "a", 5, None]}]], 0, id="an index of no number"),
        pytest.param([MEMBER, FOUND, MEMBER], 1, id="a member twice"),
        pytest.param([MEMBER, MEMBER], 0, id="a member that is passed over"),
        pytest.param(
            [MEMBER, ["say", {"media_type": PNG, "pages": 51, "fault": None}]], 0, id="51 pages"
        ),
        pytest.param(
            [MEMBER, ["say", {"media_type": PNG, "pages": 0, "fault": None}]], 0, id="no pages"
        ),
        pytest.param([FOUND, FOUND], 1, id="the whole twice"),
        pytest.param([FOUND, MEMBER], 1, id="a member behind the end"),
    ],
)
def test_documents_that_cannot_be_in_an_archive_are_not_counted_on(pose, steps, honest):
    pose(*steps)
    with POOL.borrowed(SPEC) as decoder:
        found = ask_for_contents(decoder)
    assert [one.fault for one in found[:honest]] == [None] * honest
    assert found[honest:]
    assert all(isinstance(one.fault, DecoderDiedError) for one in found[honest:])
    assert len({one.member and one.member.index for one in found}) <= len(found)
    assert sum(one.pages for one in found) <= 2 * len(found)


def test_a_document_that_is_no_archive_has_no_members(pose):
    pose(MEMBER, FOUND, ["say", {"done": True}])
    with POOL.borrowed(SPEC) as decoder:
        (found,) = ask_for_contents(decoder, PDF)
    assert found.member is None
    assert isinstance(found.fault, DecoderDiedError)


def test_members_without_end_end_at_the_number_there_may_be(pose):
    steps = [[["say", {"member": [n, "a", 9, None]}], FOUND] for n in range(20)]
    pose(*(step for pair in steps for step in pair))
    with POOL.borrowed(SPEC) as decoder:
        found = ask_for_contents(decoder)
    assert len(found) == SPEC.archives.max_members + 1
    assert isinstance(found[-1].fault, DecoderDiedError)


def test_no_more_bytes_are_taken_than_a_member_was_planned_to_have(pose):
    pose(["say", {"part": 4}, 4], ["say", {"part": 4}, 4])
    with POOL.borrowed(SPEC) as decoder:
        parts = decoder.unpack(io.BytesIO(DATA), "key", TAR, len(DATA), 0, 6)
        assert next(parts) == b"xxxx"
        with pytest.raises(DecoderDiedError):
            next(parts)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([], id="it says nothing"),
        pytest.param([["raw", "0000"]], id="it stops in mid-word"),
        pytest.param([["for_ever", {"read": [0, 9]}, 9]], id="it reads without end"),
        pytest.param([["for_ever", {"read": [0, 20_000]}]], id="it asks and does not listen"),
    ],
)
@pytest.mark.parametrize("media_type", [PNG, COMPRESSED_TAR])
def test_a_decoder_that_gets_nowhere_is_ended_in_time(pose, steps, media_type):
    pose(*steps)
    started = time.monotonic()
    with POOL.borrowed(SPEC) as decoder, pytest.raises(TimedOutError):
        decoder.decode(io.BytesIO(DATA), "key", media_type, len(DATA), 0, Rung())
    assert time.monotonic() - started < 10 * SPEC.timeout_seconds
    assert not decoder_processes()


def test_a_message_that_no_column_can_hold_is_made_one_that_it_can(pose):
    pose(["say", {"error": ["E_NOT_IMAGE", "\ud800 \udcff" + "x" * 9_000]}])
    with POOL.borrowed(SPEC) as decoder, pytest.raises(PageError) as caught:
        ask_for_page(decoder)
    assert len(str(caught.value).encode()) < 5_000


def test_a_page_read_after_a_decoder_was_taken_over_is_read_as_ever(tmp_path, pose, monkeypatch):
    pages = list(list_pages(makers.fill_folder(tmp_path, makers.noise_pages(2)), SPEC))
    undisturbed = read(pages, SPEC)
    with monkeypatch.context():
        pose(["say", raster(), 3])
        assert told(read(pages[:1], SPEC)) == ["E_CRASHED"]
    monkeypatch.setattr(containment, "DECODER", ("-P", "-m", "ocr_tasks.archive.decoder"))
    again = read(pages, SPEC)
    assert [page.facts.image_sha256 for page in again] == [
        page.facts.image_sha256 for page in undisturbed
    ]
