import CityCore
import NIOCore

/// Takes `multipart/form-data` (RFC 7578) apart as it arrives, without holding a file.
struct MultipartParser {
  enum Event: Equatable {
    /// A field of the form, whole.
    case field(name: String, value: String)
    /// A file begins; its bytes follow.
    case file(name: String, fileName: String, mediaType: String)
    case bytes(ByteBuffer)
    case fileEnd
  }

  /// Bytes of the header of a part, and of the value of a field.
  static let maximumHeader = 4 << 10
  static let maximumField = 64 << 10
  static let maximumParts = 32

  private static let blankLine = Array("\r\n\r\n".utf8)

  private enum State {
    case preamble
    case header
    case field(name: String)
    case file
    case end
  }

  private let delimiter: [UInt8]
  private var state = State.preamble
  private var pending: ByteBuffer
  private var parts = 0

  /// - Throws: `malformed` for a boundary that RFC 2046 does not allow.
  init(boundary: String?) throws(Problem) {
    guard let boundary, (1...70).contains(boundary.utf8.count),
      boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
    else { throw Self.malformed("there is no boundary between its parts") }
    delimiter = Array("\r\n--\(boundary)".utf8)
    // The first delimiter has no line before it; this one makes it like the others.
    pending = ByteBuffer(string: "\r\n")
  }

  /// What became whole with these bytes.
  mutating func feed(_ bytes: ByteBuffer) throws(Problem) -> [Event] {
    pending.writeImmutableBuffer(bytes)
    var events: [Event] = []
    while try step(&events) {}
    pending.discardReadBytes()
    return events
  }

  /// - Throws: `malformed` when the last delimiter is missing.
  func finish() throws(Problem) {
    guard case .end = state else { throw Self.malformed("it ends in the middle") }
  }

  /// Goes on as far as one part of the work; false when more bytes are needed.
  private mutating func step(_ events: inout [Event]) throws(Problem) -> Bool {
    switch state {
    case .end:
      pending.moveReaderIndex(to: pending.writerIndex)
      return false
    case .preamble:
      guard let at = find(delimiter) else {
        guard pending.readableBytes <= Self.maximumHeader else {
          throw Self.malformed("it does not begin with its boundary")
        }
        return false
      }
      return try pass(at)
    case .header: return try header(&events)
    case .field(let name):
      guard let at = find(delimiter) else {
        guard pending.readableBytes <= Self.maximumField else {
          throw Self.malformed("a field is too long")
        }
        return false
      }
      guard let value = pending.getSlice(at: pending.readerIndex, length: at).flatMap(Self.text)
      else { throw Self.malformed("a field is not UTF-8") }
      guard try pass(at) else { return false }
      events.append(.field(name: name, value: value))
      return true
    case .file:
      if let at = find(delimiter) {
        // The bytes before it may go already; what follows the delimiter decides what comes next.
        if at > 0, let part = pending.readSlice(length: at) { events.append(.bytes(part)) }
        guard try pass(0) else { return false }
        events.append(.fileEnd)
        return true
      }
      // What may be the beginning of a delimiter waits.
      let sure = pending.readableBytes - (delimiter.count - 1)
      if sure > 0, let part = pending.readSlice(length: sure) { events.append(.bytes(part)) }
      return false
    }
  }

  /// Goes past the delimiter that stands `at` bytes ahead, to the next header or the end.
  private mutating func pass(_ at: Int) throws(Problem) -> Bool {
    let rest = pending.readerIndex + at + delimiter.count
    guard let next = pending.getBytes(at: rest, length: 2) else { return false }
    if next == [0x2D, 0x2D] {
      state = .end
    } else if next == [0x0D, 0x0A] {
      parts += 1
      guard parts <= Self.maximumParts else { throw Self.malformed("it has too many parts") }
      state = .header
    } else {
      throw Self.malformed("a boundary is not followed by a line")
    }
    pending.moveReaderIndex(to: rest + 2)
    return true
  }

  private mutating func header(_ events: inout [Event]) throws(Problem) -> Bool {
    guard let at = find(Self.blankLine) else {
      guard pending.readableBytes <= Self.maximumHeader else {
        throw Self.malformed("the header of a part is too long")
      }
      return false
    }
    guard at <= Self.maximumHeader, let text = pending.readSlice(length: at).flatMap(Self.text)
    else { throw Self.malformed("the header of a part is not UTF-8") }
    pending.moveReaderIndex(forwardBy: 4)
    let part = PartHeader(text)
    guard let name = part.name else { throw Self.malformed("a part has no name") }
    if let fileName = part.fileName {
      events.append(.file(name: name, fileName: fileName, mediaType: part.mediaType))
      state = .file
    } else {
      state = .field(name: name)
    }
    return true
  }

  /// How far ahead the needle stands, which begins with a carriage return.
  private func find(_ needle: [UInt8]) -> Int? {
    let view = pending.readableBytesView
    var rest = view
    while let at = rest.firstIndex(of: 0x0D) {
      guard view.endIndex - at >= needle.count else { return nil }
      if view[at..<(at + needle.count)].elementsEqual(needle) { return at - view.startIndex }
      rest = view[(at + 1)...]
    }
    return nil
  }

  private static func text(_ bytes: ByteBuffer) -> String? {
    String(validating: bytes.readableBytesView, as: UTF8.self)
  }

  private static func malformed(_ why: String) -> Problem {
    Problem(.malformed, "the form cannot be taken apart: \(why)")
  }
}

/// `Content-Disposition` and `Content-Type` of a part.
private struct PartHeader {
  var name: String?
  var fileName: String?
  var mediaType = "application/octet-stream"

  init(_ text: String) {
    // Not `split`: a carriage return and a line feed are one character to it.
    for line in text.utf8.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
      let line = Substring(line)
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...]
      switch line[..<colon].lowercased() {
      case "content-disposition":
        name = Self.parameter("name", of: value)
        fileName = Self.parameter("filename", of: value)
      case "content-type": mediaType = MediaType(String(value)).essence
      default: break
      }
    }
  }

  /// A quoted value; browsers write a quotation mark within as `%22`.
  private static func parameter(_ name: String, of value: Substring) -> String? {
    for part in value.split(separator: ";").dropFirst() {
      let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      guard pair.count == 2, pair[0].lowercased() == name else { continue }
      let quoted = pair[1]
      guard quoted.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") else {
        return String(quoted)
      }
      return String(quoted.dropFirst().dropLast().replacing("%22", with: "\""))
    }
    return nil
  }
}
