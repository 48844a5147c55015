import CSimdjson
import Synchronization

/// A simdjson parser with its buffers.
// Safe: the pool lends it to one caller at a time, and simdjson keeps no state per thread.
final class NativeParser: @unchecked Sendable {
  let handle: OpaquePointer

  fileprivate init?() {
    guard let handle = csj_parser_create() else { return nil }
    self.handle = handle
  }

  deinit { csj_parser_destroy(handle) }

  fileprivate var isWorthKeeping: Bool {
    csj_parser_capacity(handle) <= ParserPool.keptCapacity
  }
}

/// Parsers wait here between documents, because their buffers cost more than most documents.
enum ParserPool {
  private static let keptCount = 4
  /// Buffers take about fifteen times as much; those of a rare giant are given back.
  fileprivate static let keptCapacity = 1 << 20

  private static let idle = Mutex<[NativeParser]>([])

  static func withParser<Result>(
    _ body: (OpaquePointer) throws(JSONFault) -> Result
  ) throws(JSONFault) -> Result {
    guard let parser = idle.withLock({ $0.popLast() }) ?? NativeParser() else {
      throw JSONFault(CSJ_NO_MEMORY)
    }
    defer {
      if parser.isWorthKeeping {
        idle.withLock { if $0.count < keptCount { $0.append(parser) } }
      }
    }
    return try body(parser.handle)
  }
}

extension JSONFault {
  init(_ code: csj_code, offset: Int64 = -1, _ maximum: Int? = nil) {
    self.init(
      reason: Self.reason(code, maximum), offset: offset < 0 ? nil : Int(offset))
  }

  init(_ fault: csj_fault, _ maximum: Int? = nil) {
    self.init(fault.code, offset: fault.offset, maximum)
  }

  private static func reason(_ code: csj_code, _ maximum: Int?) -> String {
    let limit = maximum.map { "; the limit is \($0)" } ?? ""
    return switch code {
    case CSJ_EMPTY: "there is no JSON value"
    case CSJ_UNEXPECTED: "a character that cannot stand here"
    case CSJ_ENDS_EARLY: "the text ends before the value is complete"
    case CSJ_TRAILING: "something follows the value"
    case CSJ_CONTROL_CHARACTER: "a control character in a string must be escaped"
    case CSJ_BAD_ESCAPE: "an unknown escape in a string"
    case CSJ_LONE_SURROGATE: "half of a surrogate pair in a string"
    case CSJ_BAD_UTF8: "bytes that are no UTF-8"
    case CSJ_BAD_NUMBER: "a malformed number"
    case CSJ_OVERFLOW: "a number too large for 64-bit floating point"
    case CSJ_TOO_DEEP: "the value is nested too deeply" + limit
    case CSJ_TOO_LARGE: "the text has too many bytes" + limit
    case CSJ_TOO_MANY_ROWS: "there are too many rows" + limit
    case CSJ_NOT_ROWS: "an array of objects is needed"
    case CSJ_NO_MEMORY: "this node is short of memory"
    default: "the text cannot be read"
    }
  }
}
