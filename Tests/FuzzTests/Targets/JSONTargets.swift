import CityCore
import NIOCore

@testable import CityJSON
@testable import Web

extension FuzzTarget {
  /// Documents and lines of JSON: what is read is written so that it reads as the same again.
  static let json = FuzzTarget("json") { bytes in
    let (which, text) = bytes.choice
    let depth = Int(which & 0x3F)
    if let value = try taken({ try JSON.parse(text, maximumDepth: depth) }) {
      let written = try JSON.encode(value)
      let again = try taken { try JSON.parse(written, maximumDepth: depth) }
      try require(again == value, "what was written does not read as it was: \(value)")
      _ = value[pointer: "/0/a"]
    }
    var next = 0
    var isOrdered = true
    _ = try taken {
      try JSON.parseLines(text, maximumLines: 64, maximumDepth: depth) { number, _ in
        isOrdered = isOrdered && number == next
        next += 1
      }
    }
    try require(isOrdered && next <= 64, "lines come in order, and no more than allowed")
  }

  /// Batches of readings, as an array and as lines.
  static let readings = FuzzTarget("readings") { bytes in
    let (which, text) = bytes.choice
    var seen = 0
    var isSound = true
    let count = try taken {
      try JSONReadings.parse(
        text, ndjson: which & 1 == 1, maximumRows: 32,
        refused: { refusal in
          isSound = isSound && refusal.index == seen && (refusal.offset ?? 0) <= text.count
          seen += 1
        },
        body: { row in
          isSound = isSound && row.index == seen && row.value.isFinite
          isSound = isSound && String(validating: row.device, as: UTF8.self) != nil
          _ = row.time.flatMap(UTCTime.parse)
          seen += 1
        })
    }
    try require(isSound, "rows come in order, finite and in UTF-8")
    try require(seen <= 32 && (count ?? 0) == seen, "\(seen) rows were seen, \(count ?? 0) counted")
  }

  /// Compressed bodies, in parts: never more comes out than is allowed, however little goes in.
  static let gzip = FuzzTarget("gzip", longest: 65_536) { bytes in
    let (which, text) = bytes.choice
    let maximum = 1 << (8 + Int(which & 0x0F))
    let step = 1 + Int(which >> 4) * 37
    var output = ByteBuffer()
    _ = try taken {
      let inflater = try GzipInflater(maximum: maximum)
      var at = 0
      while at < text.count {
        let end = min(text.count, at + step)
        try inflater.feed(ByteBuffer(bytes: text[at..<end]), into: &output)
        at = end
      }
      try inflater.finish()
    }
    try require(output.readableBytes <= maximum + 1, "\(output.readableBytes) of \(maximum) bytes")
  }
}
