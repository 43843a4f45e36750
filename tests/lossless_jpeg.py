"""JPEG Lossless, which CQ500 and many scanners write and no library at hand encodes.

After ITU-T T.81, annex H: each value is predicted by its left neighbour, and the Huffman code of
the difference's length goes before the difference.
"""

import struct

import numpy as np

_LENGTHS = 17  # differences have 0 to 16 bits
_CODE_BITS = 5  # one code length for all: 17 codes fit, and none is all ones


def encode(stored):
    """Encode unsigned 16-bit values, shape (height, width)."""
    values = stored.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 1 << 15
    bits = "".join(_difference(int(one)) for one in (values - predicted).ravel())
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8).replace(b"\xff", b"\xff\0")
    height, width = stored.shape
    codes = [0] * 16
    codes[_CODE_BITS - 1] = _LENGTHS
    huffman = bytes([0, *codes, *range(_LENGTHS)])
    frame = struct.pack(">BHHBBBB", 16, height, width, 1, 1, 0x11, 0)
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xC4, huffman),
            _segment(0xC3, frame),
            _segment(0xDA, bytes([1, 1, 0, 1, 0, 0])),
            scan,
            b"\xff\xd9",
        ]
    )


def _difference(value):
    value = (value + (1 << 15)) % (1 << 16) - (1 << 15)
    length = abs(value).bit_length()
    code = f"{length:0{_CODE_BITS}b}"
    if length in (0, 16):  # -32768 needs no more: no other difference has 16 bits
        return code
    return code + f"{value if value > 0 else value + (1 << length) - 1:0{length}b}"


def _segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
