import CityJSON
import Mustache

/// The words of one language by key, as they lie in `Resources/strings`.
struct StringTable: Sendable, MustacheParent {
  let texts: [String: String]

  /// - Throws: what reading JSON throws.
  init(json: [UInt8]) throws {
    texts = try JSON.decode([String: String].self, from: json)
  }

  /// A key that is missing shows, in brackets; a test finds it first.
  subscript(key: String) -> String { texts[key] ?? "⟦\(key)⟧" }

  func child(named name: String) -> Any? { self[name] }
}
