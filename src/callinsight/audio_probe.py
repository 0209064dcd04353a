"""What the bytes of a recording say of themselves, before anything is decoded.

Recorders die in mid-write and gateways write wrong headers, and a decoder is too forgiving to tell: it plays what is
there. So the container's own arithmetic is checked here. Layouts after the public descriptions of RIFF/WAVE
(Microsoft, "Multimedia Programming Interface and Data Specifications 1.0"), Ogg (RFC 3533), ISO base media files
(ISO/IEC 14496-12), ID3v2 and the Xing header. Nothing here raises on damaged bytes.
"""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

STANDARD_RATES_HZ = (6000, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

_PCM_LIKE = {0x0001: None, 0x0003: None, 0x0006: None, 0x0007: None, 0xFFFE: None}
_BLOCK_CODED = {0x0011: "ima", 0x0031: "gsm"}
_GSM_SAMPLES_PER_BLOCK = 320
_UNKNOWN_SIZE_FROM = 0x7FFF0000  # writers that stream put 0, 0x7fffffff-ish or 0xffffffff where the size belongs
_OGG_PAGE_HEADER = 27
_OGG_TAIL_BYTES = 128 * 1024
_ISO_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")


@dataclass(frozen=True, slots=True)
class Structure:
    """The verdict of the container's own arithmetic.

    ``container`` is ``None`` when the first bytes are of nothing we know. ``duration_ms`` is the length that the bytes
    really present amount to, ``missing_ms`` what the header promises beyond that; both are known for WAVE only.
    ``cut`` says that the last chunk, page or box runs past the end of the file. ``wrong_rate`` says that the header
    contradicts itself about the sample rate. ``promises_length`` says that the decoder's reading of the header's
    length can be trusted; without it the decoder merely guesses from the bit rate.
    """

    container: str | None = None
    duration_ms: int | None = None
    missing_ms: int = 0
    cut: bool = False
    wrong_rate: bool = False
    promises_length: bool = False


def inspect(stream: BinaryIO) -> Structure:
    """Look at ``stream`` (seekable) and leave it at its start."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(64)
    try:
        return _structure(stream, head, size)
    except struct.error:
        return Structure(container="damaged", cut=True)
    finally:
        stream.seek(0)


def _structure(stream: BinaryIO, head: bytes, size: int) -> Structure:
    if head[:4] == b"RIFF":
        return _wave(stream, size) if head[8:12] == b"WAVE" else Structure(container="riff")
    if head[:4] == b"OggS":
        return Structure(container="ogg", cut=_ogg_is_cut(stream, size), promises_length=True)
    if head[4:8] in _ISO_BOXES:
        return Structure(container="mp4", cut=_boxes_are_cut(stream, size), promises_length=True)
    if head[:4] == b"fLaC":
        return Structure(container="flac", promises_length=True)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return Structure(container="matroska", promises_length=True)
    if head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0):
        return Structure(container="mpeg-audio", promises_length=_has_xing(stream, head))
    known = {b"RF64": "wave64", b"riff": "wave64", b"#!AM": "amr", b".snd": "au", b"FORM": "aiff"}
    return Structure(container=known.get(head[:4]))


def _wave(stream: BinaryIO, size: int) -> Structure:
    """Walk the chunks up to the sound itself, and compare what they promise with the bytes that follow."""
    stream.seek(12)
    rate_hz = bytes_per_second = 0
    wrong_rate = False
    while True:
        header = stream.read(8)
        if len(header) < 8:
            return Structure(container="wav", cut=True, wrong_rate=wrong_rate)
        name, length = header[:4], struct.unpack("<I", header[4:])[0]
        if name == b"fmt ":
            chunk = stream.read(min(length, 64))
            rate_hz, bytes_per_second, wrong_rate = _wave_format(chunk)
            stream.seek(length - len(chunk) + length % 2, os.SEEK_CUR)
        elif name == b"data":
            break
        else:
            stream.seek(length + length % 2, os.SEEK_CUR)
    present = max(0, size - stream.tell())
    if not rate_hz or not bytes_per_second:
        return Structure(container="wav", wrong_rate=wrong_rate)
    streamed = length == 0 or length >= _UNKNOWN_SIZE_FROM
    played = present if streamed else min(present, length)
    missing = 0 if streamed else max(0, length - present)
    return Structure(
        container="wav",
        duration_ms=played * 1000 // bytes_per_second,
        missing_ms=missing * 1000 // bytes_per_second,
        cut=missing > 0,
        wrong_rate=wrong_rate,
        promises_length=not streamed,
    )


def _wave_format(chunk: bytes) -> tuple[int, int, bool]:
    """Give ``(sample rate, bytes per second, whether the two contradict each other)`` of a ``fmt `` chunk.

    Bytes per second follow from sample rate, block size and samples per block. When the written figure instead fits
    another usual sample rate, one of the two fields is wrong, and playing by either would be a guess.
    """
    tag, _, rate_hz, written, block = struct.unpack("<HHIIH", chunk[:14])
    samples_per_block = 0
    if tag in _PCM_LIKE:
        samples_per_block = 1
    elif tag in _BLOCK_CODED:
        extra = struct.unpack("<H", chunk[18:20])[0] if len(chunk) >= 20 else 0
        samples_per_block = extra or (_GSM_SAMPLES_PER_BLOCK if _BLOCK_CODED[tag] == "gsm" else 0)
    if not samples_per_block or not block or not rate_hz:
        return rate_hz, written, False
    computed = rate_hz * block / samples_per_block
    if not written:
        return rate_hz, round(computed), False
    implied_hz = written * samples_per_block / block
    contradicts = not _near(implied_hz, rate_hz, 0.02) and any(_near(implied_hz, r, 0.02) for r in STANDARD_RATES_HZ)
    return rate_hz, round(computed), contradicts


def _near(value: float, reference: float, tolerance: float) -> bool:
    return abs(value - reference) <= tolerance * reference


def _ogg_is_cut(stream: BinaryIO, size: int) -> bool:
    """True when the last page is longer than the file. A missing end mark is no proof: some recorders never set it."""
    stream.seek(max(0, size - _OGG_TAIL_BYTES))
    tail = stream.read()
    at = tail.rfind(b"OggS")
    if at < 0:
        return True
    page = tail[at:]
    if len(page) < _OGG_PAGE_HEADER:
        return True
    lacing = page[_OGG_PAGE_HEADER : _OGG_PAGE_HEADER + page[26]]
    return len(lacing) < page[26] or len(page) < _OGG_PAGE_HEADER + len(lacing) + sum(lacing)


def _boxes_are_cut(stream: BinaryIO, size: int) -> bool:
    at = 0
    while at + 8 <= size:
        stream.seek(at)
        header = stream.read(16)
        length = struct.unpack(">I", header[:4])[0]
        if length == 0:  # "to the end of the file"
            return False
        if length == 1:
            length = struct.unpack(">Q", header[8:16])[0]
        if length < 8:
            return True
        at += length
    return at != size


def _has_xing(stream: BinaryIO, head: bytes) -> bool:
    """True when an MPEG audio file counts its frames in a Xing, Info or VBRI header."""
    start = 0
    if head[:3] == b"ID3" and len(head) >= 10:
        start = 10 + sum((byte & 0x7F) << (7 * (3 - place)) for place, byte in enumerate(head[6:10]))
    stream.seek(start)
    frame = stream.read(2048)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))
