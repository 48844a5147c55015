import CSimdjson

/// One row of a batch of readings, seen in the parser's buffers. The pointers are valid only while
/// the closure runs that was given the row; nothing is allocated for it.
public struct ReadingRow {
  /// Counts from 0; blank lines do not count.
  public let index: Int
  /// The member `device`, unescaped UTF-8 without a terminator.
  public let device: UnsafeBufferPointer<UInt8>
  /// The member `property`.
  public let property: UnsafeBufferPointer<UInt8>
  /// The member `value`; finite.
  public let value: Double
  /// The member `unit`; nil when absent or null.
  public let unit: UnsafeBufferPointer<UInt8>?
  /// The member `time`; nil when absent or null. Not looked into.
  public let time: UnsafeBufferPointer<UInt8>?
  /// The member `id`; nil when absent or null.
  public let id: UnsafeBufferPointer<UInt8>?
}

/// A row of a batch of readings that cannot be used.
public struct ReadingRefusal: Error, Sendable, Equatable {
  /// Stable names, for programs.
  public enum Code: String, Sendable, CaseIterable {
    /// The line is no JSON.
    case malformed
    /// The row is no object.
    case notAnObject = "not-an-object"
    /// `device`, `property` or `value` is missing or null.
    case missing
    /// A member has the wrong type: `value` must be a number, the others strings.
    case wrongType = "wrong-type"
    /// A member stands twice.
    case duplicateKey = "duplicate-key"
    /// A number beyond the range of 64-bit floating point.
    case overflow
  }

  /// Counts from 0; blank lines do not count.
  public let index: Int
  /// What is wrong, for programs.
  public let code: Code
  /// In words for a person.
  public let reason: String
  /// The faulty byte of the whole body, where the syntax or the range of a number is at fault.
  public let offset: Int?
  /// The member `id`, when it could still be read.
  public let id: String?
}

/// Batches of readings: `{device, property, value, unit?, time?, id?}` in a JSON array or on lines
/// of NDJSON. Made for hundreds of thousands of rows a second.
public enum JSONReadings {
  /// Reads a batch and hands out every row, good or refused, in order. Unknown members are ignored.
  ///
  /// A single object counts as an array of one. In an array only complete syntax gives rows; in
  /// NDJSON a bad line is a refused row and the other lines count.
  ///
  /// - Returns: the number of rows, refused ones included.
  /// - Throws: when the body as a whole cannot be read: not JSON, no array, too many rows, too
  ///   many bytes. No closure was called then.
  @discardableResult
  public static func parse(
    _ bytes: [UInt8], ndjson: Bool, maximumRows: Int = 10_000,
    maximumBytes: Int = JSON.defaultMaximumBytes,
    refused: (ReadingRefusal) -> Void,
    body: (ReadingRow) -> Void
  ) throws(JSONFault) -> Int {
    try JSON.withBuffer(of: bytes) { (buffer) throws(JSONFault) in
      try parse(
        buffer, ndjson: ndjson, maximumRows: maximumRows, maximumBytes: maximumBytes,
        refused: refused, body: body)
    }
  }

  /// As above, over bytes that stay where they are. They are copied once and need no padding.
  @discardableResult
  public static func parse(
    _ buffer: UnsafeRawBufferPointer, ndjson: Bool, maximumRows: Int = 10_000,
    maximumBytes: Int = JSON.defaultMaximumBytes,
    refused: (ReadingRefusal) -> Void,
    body: (ReadingRow) -> Void
  ) throws(JSONFault) -> Int {
    guard buffer.count <= maximumBytes else { throw JSONFault(CSJ_TOO_LARGE, maximumBytes) }
    guard let start = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), buffer.count > 0
    else {
      if ndjson { return 0 }
      throw JSONFault(CSJ_EMPTY, offset: 0)
    }
    return try ParserPool.withParser { (parser) throws(JSONFault) in
      var count = 0
      var fault = csj_fault()
      let code = csj_rows_open(
        parser, start, buffer.count, ndjson ? 1 : 0, max(0, maximumRows), &count, &fault)
      guard code == CSJ_OK else {
        throw JSONFault(fault, code == CSJ_TOO_MANY_ROWS ? maximumRows : nil)
      }
      var row = csj_row()
      var index = 0
      while csj_rows_next(parser, &row) != 0 {
        if row.code == CSJ_ROW_OK {
          body(ReadingRow(row, index: index))
        } else {
          refused(ReadingRefusal(row, index: index))
        }
        index += 1
      }
      return index
    }
  }
}

extension ReadingRow {
  init(_ row: csj_row, index: Int) {
    self.index = index
    device = UnsafeBufferPointer(start: row.device.start, count: row.device.length)
    property = UnsafeBufferPointer(start: row.property.start, count: row.property.length)
    value = row.value
    unit = Self.optional(row.unit)
    time = Self.optional(row.time)
    id = Self.optional(row.id)
  }

  @inline(__always)
  private static func optional(_ text: csj_text) -> UnsafeBufferPointer<UInt8>? {
    text.start.map { UnsafeBufferPointer(start: $0, count: text.length) }
  }
}

extension ReadingRefusal {
  init(_ row: csj_row, index: Int) {
    self.index = index
    offset = row.fault.offset < 0 ? nil : Int(row.fault.offset)
    id = row.id.start.map {
      String(decoding: UnsafeBufferPointer(start: $0, count: row.id.length), as: UTF8.self)
    }
    let name = Self.name(row.member)
    switch row.code {
    case CSJ_ROW_NOT_AN_OBJECT: (code, reason) = (.notAnObject, "a row must be an object")
    case CSJ_ROW_MISSING: (code, reason) = (.missing, "`\(name)` is missing")
    case CSJ_ROW_WRONG_TYPE:
      let wanted = row.member == CSJ_MEMBER_VALUE ? "number" : "string"
      (code, reason) = (.wrongType, "`\(name)` must be a \(wanted)")
    case CSJ_ROW_DUPLICATE: (code, reason) = (.duplicateKey, "`\(name)` stands twice")
    case CSJ_ROW_OVERFLOW: (code, reason) = (.overflow, JSONFault(CSJ_OVERFLOW).reason)
    default: (code, reason) = (.malformed, JSONFault(row.fault).reason)
    }
  }

  private static func name(_ member: csj_member) -> String {
    switch member {
    case CSJ_MEMBER_DEVICE: "device"
    case CSJ_MEMBER_PROPERTY: "property"
    case CSJ_MEMBER_VALUE: "value"
    case CSJ_MEMBER_UNIT: "unit"
    case CSJ_MEMBER_TIME: "time"
    case CSJ_MEMBER_ID: "id"
    default: ""
    }
  }
}
