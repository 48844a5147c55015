import CityCore
import NIOCore

/// The fields of `application/x-www-form-urlencoded`.
public struct FormBody: Sendable {
  /// The field that carries the CSRF token where no header can.
  public static let csrfField = "_csrf"
  /// The field that carries the idempotency key of a plain form.
  public static let idempotencyField = "_key"
  public static let maximumFields = 256

  private let pairs: [(name: String, value: String)]

  init(_ bytes: ByteBuffer) throws(Problem) {
    guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
      throw Problem(.malformed, "the form is not UTF-8")
    }
    var pairs: [(String, String)] = []
    for part in text.split(separator: "&") {
      guard pairs.count < Self.maximumFields else {
        throw Problem(.malformed, "more than \(Self.maximumFields) fields")
      }
      let cut = part.firstIndex(of: "=") ?? part.endIndex
      let raw = cut == part.endIndex ? part[cut...] : part[part.index(after: cut)...]
      guard let name = PercentCoding.decode(part[..<cut], plusIsSpace: true),
        let value = PercentCoding.decode(raw, plusIsSpace: true)
      else { throw Problem(.malformed, "the form is not percent-encoded UTF-8") }
      pairs.append((name, value))
    }
    self.pairs = pairs
  }

  init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

  /// The first value of a field.
  public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// Every value of a field, such as ticked boxes.
  public func all(_ name: String) -> [String] {
    pairs.filter { $0.name == name }.map(\.value)
  }

  /// In the order of the form.
  public var names: [String] { pairs.map(\.name) }
}
