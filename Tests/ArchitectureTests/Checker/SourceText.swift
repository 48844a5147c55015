/// Swift source with its comments and literals blanked out, so that a rule looks at code alone.
/// Line numbers stay what they were; what is not ASCII becomes `_`.
struct SourceText: Sendable {
  /// As written, by line.
  let lines: [Substring]
  /// Blanked.
  let code: String

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var blanker = Blanker(text)
    blanker.run()
    code = String(decoding: blanker.out, as: UTF8.self)
  }

  /// Lines as an editor counts them.
  var lineCount: Int { lines.last?.isEmpty == true ? lines.count - 1 : lines.count }

  /// True when a comment on this line, or above it in the same paragraph, says why it is right.
  func isExcused(line: Int, by excuse: String = "// Safe:") -> Bool {
    var index = line - 1
    while lines.indices.contains(index), !lines[index].allSatisfy({ $0 == " " }) {
      if lines[index].contains(excuse) { return true }
      index -= 1
    }
    return false
  }

  /// The ranges of lines that the bodies of protocols span.
  var protocolLines: [ClosedRange<Int>] {
    var ranges: [ClosedRange<Int>] = []
    let bytes = Array(code.utf8)
    for match in Self.protocolHead.matches(in: code) {
      var depth = 0
      var line = 1
      var opened = false
      scan: for byte in bytes {
        switch byte {
        case UInt8(ascii: "\n"): line += 1
        case UInt8(ascii: "{") where line >= match.line:
          depth += 1
          opened = true
        case UInt8(ascii: "}") where line >= match.line:
          depth -= 1
          if opened, depth <= 0 { break scan }
        default: break
        }
      }
      ranges.append(match.line...max(match.line, line))
    }
    return ranges
  }

  private static let protocolHead = Pattern(#"^[ \t]*(?:public |package |private )?protocol\s+\w+"#)
}

/// Walks over source once and copies the code.
private struct Blanker {
  private let source: [UInt8]
  private var at = 0
  var out: [UInt8]

  init(_ text: String) {
    source = Array(text.utf8)
    out = source
  }

  mutating func run() { code(closing: false) }

  private func byte(_ offset: Int = 0) -> UInt8 {
    at + offset < source.count ? source[at + offset] : 0
  }

  private mutating func blank(_ count: Int = 1) {
    for _ in 0..<count where at < source.count {
      if source[at] != UInt8(ascii: "\n") { out[at] = UInt8(ascii: " ") }
      at += 1
    }
  }

  /// Code up to the end, or up to the parenthesis that closes an interpolation.
  private mutating func code(closing: Bool) {
    var depth = 0
    while at < source.count {
      switch byte() {
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"):
        while at < source.count, byte() != UInt8(ascii: "\n") { blank() }
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): blockComment()
      case UInt8(ascii: "`"): rawIdentifier()
      case UInt8(ascii: "\""): literal(hashes: 0)
      case UInt8(ascii: "#"):
        var hashes = 0
        while byte(hashes) == UInt8(ascii: "#") { hashes += 1 }
        if byte(hashes) == UInt8(ascii: "\"") { literal(hashes: hashes) } else { at += hashes }
      case UInt8(ascii: "("):
        depth += 1
        at += 1
      case UInt8(ascii: ")"):
        if closing, depth == 0 { return }
        depth -= 1
        at += 1
      case let other:
        if other >= 0x80 { out[at] = UInt8(ascii: "_") }
        at += 1
      }
    }
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        depth += 1
        blank(2)
      } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        depth -= 1
        blank(2)
      } else {
        blank()
      }
    } while depth > 0 && at < source.count
  }

  /// A name in backticks may be a whole sentence: it becomes one word.
  private mutating func rawIdentifier() {
    repeat {
      out[at] = UInt8(ascii: "_")
      at += 1
    } while at < source.count && byte() != UInt8(ascii: "`") && byte() != UInt8(ascii: "\n")
    if byte() == UInt8(ascii: "`") {
      out[at] = UInt8(ascii: "_")
      at += 1
    }
  }

  /// A string of any kind. The quotes stay, the text goes, interpolated code stays.
  private mutating func literal(hashes: Int) {
    at += hashes
    let isMultiline = byte(1) == UInt8(ascii: "\"") && byte(2) == UInt8(ascii: "\"")
    let quotes = isMultiline ? 3 : 1
    at += quotes
    while at < source.count {
      if byte() == UInt8(ascii: "\n"), !isMultiline { return }
      if byte() == UInt8(ascii: "\""), ends(quotes: quotes, hashes: hashes) {
        at += quotes + hashes
        return
      }
      if byte() == UInt8(ascii: "\\"), escapes(hashes: hashes) {
        let isInterpolation = byte(1 + hashes) == UInt8(ascii: "(")
        blank(1 + hashes)
        if isInterpolation {
          at += 1
          code(closing: true)
          at += 1
        } else {
          blank()
        }
        continue
      }
      blank()
    }
  }

  private func ends(quotes: Int, hashes: Int) -> Bool {
    (0..<quotes).allSatisfy { byte($0) == UInt8(ascii: "\"") }
      && (0..<hashes).allSatisfy { byte(quotes + $0) == UInt8(ascii: "#") }
  }

  private func escapes(hashes: Int) -> Bool {
    (0..<hashes).allSatisfy { byte(1 + $0) == UInt8(ascii: "#") }
  }
}
