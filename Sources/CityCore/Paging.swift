/// One page of a list, and where the next one begins.
public struct Page<Item: Sendable>: Sendable {
  public var items: [Item]
  /// Opaque; nil at the end.
  public var next: String?
  public init(items: [Item], next: String? = nil) {
    self.items = items
    self.next = next
  }
}

/// What a list request asks for: 1...500 items after an opaque cursor.
public struct PageRequest: Sendable, Hashable {
  public static let maximum = 500
  public let limit: Int
  public let after: String?
  /// - Throws: ``Problem`` `invalid` when the limit is out of range or the cursor is over 256 bytes.
  public init(limit: Int = 50, after: String? = nil) throws(Problem) {
    guard (1...Self.maximum).contains(limit) else {
      throw Problem(
        .invalid, "limit must be 1...\(Self.maximum)",
        faults: [.init(at: "/limit", reason: "must be 1...\(Self.maximum)")])
    }
    guard (after?.utf8.count ?? 0) <= 256 else {
      throw Problem(
        .invalid, "the cursor is not one of ours", faults: [.init(at: "/after", reason: "too long")]
      )
    }
    self.limit = limit
    self.after = after
  }
}

/// Sizes that hold everywhere. A listener may be stricter.
public enum Limits {
  /// Bytes of one JSON body of the API.
  public static let jsonBody = 1 << 20
  /// Bytes of one batch of readings, after decompression.
  public static let readingsBody = 8 << 20
  /// Rows of one batch of readings.
  public static let readingsRows = 10_000
  /// Bytes of one piece of evidence.
  public static let evidence = 20 << 20
  /// Nesting of JSON.
  public static let jsonDepth = 32
  /// UTF-8 bytes of a title or name.
  public static let title = 600
  /// UTF-8 bytes of a free text.
  public static let text = 16_000
  /// Recipients of one order.
  public static let recipients = 1_000
  /// Bytes of one text frame of a link.
  public static let linkFrame = 1 << 20
}
