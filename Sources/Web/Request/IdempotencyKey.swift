public import CityCore

/// What a client names a request by, so that sending it again does nothing twice
/// (draft-ietf-httpapi-idempotency-key-header).
public struct IdempotencyKey: Sendable, Hashable, CustomStringConvertible {
  public let rawValue: String
  public var description: String { rawValue }

  public static let maximumLength = 128

  /// Takes the quoted form of the draft and the bare one that most clients send.
  /// - Throws: `malformed` unless it is 1...128 visible ASCII characters without quotes, commas and
  ///   backslashes.
  public init(_ field: String) throws(Problem) {
    var text = field.utf8[...]
    if text.count >= 2, text.first == 0x22, text.last == 0x22 {
      text = text.dropFirst().dropLast()
    }
    let isGood =
      (1...Self.maximumLength).contains(text.count)
      && text.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C && $0 != 0x2C }
    guard isGood else {
      throw Problem(
        .malformed, "the Idempotency-Key cannot be read",
        faults: [
          .init(
            at: "Idempotency-Key", reason: "1...\(Self.maximumLength) visible ASCII characters")
        ])
    }
    rawValue = String(Substring(text))
  }

  static func required() -> Problem {
    Problem(
      .malformed, "this request needs an Idempotency-Key",
      faults: [.init(at: "Idempotency-Key", reason: "is missing")])
  }
}
