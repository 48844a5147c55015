/// A path with holes: `/api/v1/incidents/{id}/timeline`; `{rest...}` at the end takes everything
/// that is left. Written by us, so a faulty one is a fault of the program, found when the table is
/// built.
public struct PathPattern: Sendable, Hashable, CustomStringConvertible {
  enum Segment: Sendable, Hashable {
    case literal(String)
    case capture(String)
    case rest(String)
  }

  let segments: [Segment]
  /// As it was written.
  public let description: String
  /// What stands in braces, from left to right.
  public let names: [String]

  public init(_ text: String) {
    description = text
    segments = text.split(separator: "/").map { part in
      guard part.hasPrefix("{"), part.hasSuffix("}") else { return .literal(String(part)) }
      let name = part.dropFirst().dropLast()
      return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .capture(String(name))
    }
    names = segments.compactMap {
      switch $0 {
      case .literal: nil
      case .capture(let name), .rest(let name): name
      }
    }
  }

  var isLiteral: Bool { names.isEmpty }
}

extension PathPattern: ExpressibleByStringLiteral {
  public init(stringLiteral value: String) { self.init(value) }
}

/// Percent-encoding of RFC 3986.
enum PercentCoding {
  /// Nil when an escape is broken or the bytes are no UTF-8 or hold a NUL.
  static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    let source = text.utf8
    guard source.contains(where: { $0 == 0x25 || (plusIsSpace && $0 == 0x2B) }) else {
      return String(text)
    }
    var out: [UInt8] = []
    out.reserveCapacity(source.count)
    var index = source.startIndex
    while index != source.endIndex {
      let byte = source[index]
      source.formIndex(after: &index)
      if byte == 0x2B, plusIsSpace {
        out.append(0x20)
      } else if byte == 0x25 {
        guard let high = digit(source, &index), let low = digit(source, &index) else { return nil }
        out.append(high << 4 | low)
      } else {
        out.append(byte)
      }
    }
    guard !out.contains(0) else { return nil }
    return String(validating: out, as: UTF8.self)
  }

  private static func digit(
    _ source: Substring.UTF8View, _ index: inout Substring.UTF8View.Index
  ) -> UInt8? {
    guard index != source.endIndex else { return nil }
    let byte = source[index]
    source.formIndex(after: &index)
    return switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
