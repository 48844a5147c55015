import CityJSON
import Testing

/// A seeded generator (SplitMix64), so that a failing case can be run again.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }
}

extension SplitMix {
  private static let pieces: [String] = [
    "a", "水位", "é", "e\u{301}", "\"", "\\", "/", "\n", "\t", "\r", "\u{0}", "\u{1F}", "\u{7F}",
    "\u{2028}", "😀", "\u{FFFD}", "\u{10FFFF}", " ", "0", "~", "~1", "deviceStreet17", "{", "]",
  ]

  mutating func text() -> String {
    var text = ""
    for _ in 0..<below(8) { text += Self.pieces[below(Self.pieces.count)] }
    return text
  }

  mutating func integer() -> Int64 {
    switch below(4) {
    case 0: Int64(below(20)) - 10
    case 1: [Int64.min, Int64.max, Int64.min + 1, -1, 0, 1 << 53, (1 << 53) + 1][below(7)]
    default: Int64(truncatingIfNeeded: Int64(bitPattern: next()) >> Int64(below(64)))
    }
  }

  mutating func double() -> Double {
    switch below(4) {
    case 0: Double(integer())
    case 1: Double(below(100_000)) / 1000
    case 2:
      [0.1, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e22, 1e-7, 123456789.125][
        below(7)]
    default: finite()
    }
  }

  private mutating func finite() -> Double {
    while true {
      let value = Double(bitPattern: next())
      if value.isFinite { return value }
    }
  }

  mutating func value(depth: Int = 5) -> JSONValue {
    switch below(depth > 0 ? 9 : 6) {
    case 0: return .null
    case 1: return .bool(next() & 1 == 0)
    case 2: return .int(integer())
    case 3: return .double(double())
    case 4, 5: return .string(text())
    case 6: return .array((0..<below(6)).map { _ in value(depth: depth - 1) })
    default:
      var object = JSONObject()
      // Now and then more members than are searched one by one.
      let count = below(20) == 0 ? 40 : below(6)
      for index in 0..<count {
        object[count > 6 ? "\(text())\(index)" : text()] = value(depth: depth - 1)
      }
      return .object(object)
    }
  }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The fault of parsing, nil when the text is accepted.
func fault(of bytes: [UInt8], maximumDepth: Int = JSON.defaultMaximumDepth) -> JSONFault? {
  do throws(JSONFault) {
    _ = try JSON.parse(bytes, maximumDepth: maximumDepth)
    return nil
  } catch {
    return error
  }
}

func fault(of text: String) -> JSONFault? { fault(of: utf8(text)) }
