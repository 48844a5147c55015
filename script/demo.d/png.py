"""A photo of its own for each run: a small PNG, made of nothing but zlib."""

from __future__ import annotations

import random
import struct
import zlib


def picture(rng: random.Random, width: int = 64, height: int = 48) -> bytes:
    """Water under a sky, never the same twice for different seeds."""
    line = rng.randrange(height // 3, 2 * height // 3)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for _ in range(width):
            shade = rng.randrange(24)
            rows += bytes((150 + shade, 160 + shade, 170 + shade) if y < line
                          else (60 + shade, 80 + shade, 100 + shade))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))
