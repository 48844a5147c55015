public import CityCore

/// The parameters behind the question mark.
public struct Query: Sendable {
  /// Pairs of one request.
  public static let maximumPairs = 64

  private let pairs: EncodedPairs
  /// As it was sent.
  public let text: String

  /// - Throws: `malformed` for broken escapes and too many pairs.
  public init(_ text: Substring?) throws(Problem) {
    self.text = text.map(String.init) ?? ""
    guard let text, !text.isEmpty else {
      pairs = EncodedPairs()
      return
    }
    pairs = try EncodedPairs(text, atMost: Self.maximumPairs, in: "query")
  }

  /// The first value of a name; empty text for a name without `=`.
  public subscript(name: String) -> String? { pairs[name] }

  /// Every value of a name, in order.
  public func all(_ name: String) -> [String] { pairs.values(of: name) }

  /// In the order of the request; a name may stand twice.
  public var names: [String] { pairs.all.map(\.name) }

  /// - Throws: `invalid` when the value is no integer of the range.
  public func integer(
    _ name: String, in range: ClosedRange<Int>, default standard: Int
  ) throws(Problem) -> Int {
    guard let text = self[name] else { return standard }
    guard let value = Int(text), range.contains(value) else {
      throw Problem(
        .invalid, "the query is not acceptable",
        faults: [
          .init(at: "?\(name)", reason: "must be \(range.lowerBound)...\(range.upperBound)")
        ])
    }
    return value
  }

  /// `limit` and `after` of a list.
  public func page(default limit: Int = 50) throws(Problem) -> PageRequest {
    let limit = try integer("limit", in: 1...PageRequest.maximum, default: limit)
    return try PageRequest(limit: limit, after: self["after"])
  }
}
