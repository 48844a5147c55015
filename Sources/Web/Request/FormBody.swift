import CityCore
import NIOCore

/// The fields of `application/x-www-form-urlencoded`.
public struct FormBody: Sendable {
  /// The field that carries the CSRF token where no header can.
  public static let csrfField = "_csrf"
  /// The field that carries the idempotency key of a plain form.
  public static let idempotencyField = "_key"
  public static let maximumFields = 256

  private let pairs: EncodedPairs

  init(_ bytes: ByteBuffer) throws(Problem) {
    guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
      throw Problem(.malformed, "the form is not UTF-8")
    }
    pairs = try EncodedPairs(text[...], atMost: Self.maximumFields, in: "form")
  }

  init(_ pairs: [(name: String, value: String)]) { self.pairs = EncodedPairs(pairs) }

  /// The first value of a field.
  public subscript(name: String) -> String? { pairs[name] }

  /// Every value of a field, such as ticked boxes.
  public func all(_ name: String) -> [String] { pairs.values(of: name) }

  /// In the order of the form.
  public var names: [String] { pairs.all.map(\.name) }
}
