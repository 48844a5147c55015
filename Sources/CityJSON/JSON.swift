import CSimdjson

/// Reading and writing JSON (RFC 8259), strictly: no duplicate keys, no `NaN`, no lone surrogates,
/// bounded size and depth. A leading byte order mark is skipped.
public enum JSON {
  /// What bodies of the API may nest at most.
  public static let defaultMaximumDepth = 32
  /// No caller can allow more.
  public static let absoluteMaximumDepth = Int(CSJ_DEPTH_LIMIT)
  /// Sixteen mebibytes.
  public static let defaultMaximumBytes = 16 << 20
}

// MARK: - Parsing

extension JSON {
  /// Reads one document. Integers that fit `Int64` are `int`; greater ones and those with a
  /// fraction or an exponent are `double`.
  ///
  /// - Throws: the offset of a fault of the syntax, the pointer to a key that stands twice.
  public static func parse(
    _ bytes: [UInt8], maximumDepth: Int = defaultMaximumDepth,
    maximumBytes: Int = defaultMaximumBytes
  ) throws(JSONFault) -> JSONValue {
    try withBuffer(of: bytes) { (buffer) throws(JSONFault) in
      try parse(buffer, maximumDepth: maximumDepth, maximumBytes: maximumBytes)
    }
  }

  /// As above, over bytes that stay where they are. They are copied once and need no padding.
  public static func parse(
    _ buffer: UnsafeRawBufferPointer, maximumDepth: Int = defaultMaximumDepth,
    maximumBytes: Int = defaultMaximumBytes
  ) throws(JSONFault) -> JSONValue {
    guard buffer.count <= maximumBytes else { throw JSONFault(CSJ_TOO_LARGE, maximumBytes) }
    return try ParserPool.withParser { (parser) throws(JSONFault) in
      try parse(buffer, with: parser, maximumDepth: maximumDepth)
    }
  }

  /// As above, over the UTF-8 of a text.
  public static func parse(
    _ text: String, maximumDepth: Int = defaultMaximumDepth,
    maximumBytes: Int = defaultMaximumBytes
  ) throws(JSONFault) -> JSONValue {
    try parse(Array(text.utf8), maximumDepth: maximumDepth, maximumBytes: maximumBytes)
  }

  /// Reads lines of JSON (NDJSON). Blank lines are skipped and not counted. A line that is wrong
  /// takes nothing from the others; its fault's offset counts in the whole text.
  ///
  /// - Parameter body: gets the number of the line from 0, and what stands there.
  /// - Throws: when there are too many bytes or lines; `body` was not called then.
  public static func parseLines(
    _ bytes: [UInt8], maximumLines: Int = 100_000, maximumDepth: Int = defaultMaximumDepth,
    maximumBytes: Int = defaultMaximumBytes,
    body: (Int, Result<JSONValue, JSONFault>) -> Void
  ) throws(JSONFault) {
    guard bytes.count <= maximumBytes else { throw JSONFault(CSJ_TOO_LARGE, maximumBytes) }
    try withBuffer(of: bytes) { (buffer) throws(JSONFault) in
      let lines = NonBlankLines(buffer)
      guard lines.count(upTo: maximumLines) <= maximumLines else {
        throw JSONFault(CSJ_TOO_MANY_ROWS, maximumLines)
      }
      try ParserPool.withParser { (parser) throws(JSONFault) in
        var number = 0
        for line in lines {
          let text = UnsafeRawBufferPointer(rebasing: buffer[line])
          do throws(JSONFault) {
            body(number, .success(try parse(text, with: parser, maximumDepth: maximumDepth)))
          } catch {
            let offset = error.offset.map { $0 + line.lowerBound }
            body(
              number,
              .failure(JSONFault(pointer: error.pointer, reason: error.reason, offset: offset)))
          }
          number += 1
        }
      }
    }
  }

  private static func parse(
    _ buffer: UnsafeRawBufferPointer, with parser: OpaquePointer, maximumDepth: Int
  ) throws(JSONFault) -> JSONValue {
    guard let start = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count > 0
    else { throw JSONFault(CSJ_EMPTY, offset: 0) }
    let depth = max(0, min(maximumDepth, absoluteMaximumDepth))
    var document = csj_document()
    var fault = csj_fault()
    guard csj_parse(parser, start, buffer.count, &document, &fault) == CSJ_OK,
      let tape = document.tape, let strings = document.strings
    else {
      throw JSONFault(fault, fault.code == CSJ_TOO_DEEP ? depth : nil)
    }
    var reader = TapeReader(tape: tape, strings: strings, maximumDepth: depth)
    do throws(JSONFault) {
      return try reader.value()
    } catch {
      guard reader.isTooDeep else { throw error }
      throw JSONFault(csj_locate(start, buffer.count, depth), depth)
    }
  }
}

// MARK: - Codable

extension JSON {
  /// Writes a value without white space. The same value gives the same bytes in every process:
  /// keys stand in the order in which the type encodes them, those of dictionaries and the
  /// elements of sets are sorted by their bytes. `encodeIfPresent` leaves out what is nil.
  ///
  /// - Throws: for numbers that are not finite, unsigned integers beyond `Int64`, and whatever a
  ///   type's own `encode(to:)` throws.
  public static func encode<T: Encodable>(_ value: T) throws(JSONFault) -> [UInt8] {
    var writer = JSONWriter()
    try ValueEncoder.node(of: value).write(to: &writer)
    return writer.bytes
  }

  /// What ``encode(_:)`` would write, as a value.
  public static func value<T: Encodable>(of value: T) throws(JSONFault) -> JSONValue {
    try ValueEncoder.node(of: value).value
  }

  /// Reads a document into a type. Unknown members are ignored; an integer may be written with
  /// a fraction of zero.
  ///
  /// - Throws: as ``parse(_:maximumDepth:maximumBytes:)-([UInt8],_,_)``, and with a pointer for a
  ///   missing member, a wrong type, and whatever a type's own `init(from:)` throws.
  public static func decode<T: Decodable>(
    _ type: T.Type, from bytes: [UInt8], maximumDepth: Int = defaultMaximumDepth,
    maximumBytes: Int = defaultMaximumBytes
  ) throws(JSONFault) -> T {
    let value = try parse(bytes, maximumDepth: maximumDepth, maximumBytes: maximumBytes)
    return try ValueDecoder.decode(type, from: value)
  }

  /// Reads a value into a type; see ``decode(_:from:maximumDepth:maximumBytes:)``.
  public static func decode<T: Decodable>(
    _ type: T.Type, from value: JSONValue
  ) throws(JSONFault) -> T {
    try ValueDecoder.decode(type, from: value)
  }
}

// MARK: - Bytes

extension JSON {
  static func withBuffer<Result>(
    of bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(JSONFault) -> Result
  ) throws(JSONFault) -> Result {
    try bytes.withUnsafeBufferPointer { (buffer) throws(JSONFault) in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }
}

/// The ranges of the lines that hold more than white space, without their line feeds.
struct NonBlankLines: Sequence, IteratorProtocol {
  private let text: UnsafeRawBufferPointer
  private var at = 0

  init(_ text: UnsafeRawBufferPointer) {
    self.text = text
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
  }

  /// Stops at one more than the limit.
  func count(upTo limit: Int) -> Int {
    var lines = self
    var count = 0
    while count <= limit, lines.next() != nil { count += 1 }
    return count
  }

  mutating func next() -> Range<Int>? {
    while at < text.count, Self.isSpace(text[at]) { at += 1 }
    guard at < text.count else { return nil }
    let start = at
    while at < text.count, text[at] != 0x0A { at += 1 }
    return start..<at
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}
