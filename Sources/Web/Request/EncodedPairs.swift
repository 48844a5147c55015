import CityCore

/// Names and values as forms and queries write them: `name=value&name=value`, percent-encoded, with
/// `+` for a space (URL Living Standard, 5.1).
struct EncodedPairs: Sendable {
  let all: [(name: String, value: String)]

  /// Pairs that came in another way.
  init(_ all: [(name: String, value: String)] = []) { self.all = all }

  /// - Parameter what: names the text in a problem: `form`, `query`.
  /// - Throws: `malformed` for broken escapes and too many pairs.
  init(_ text: Substring, atMost maximum: Int, in what: String) throws(Problem) {
    var pairs: [(String, String)] = []
    // By bytes: a combining mark behind `&` or `=` does not make another character of it.
    for part in text.utf8.split(separator: UInt8(ascii: "&")) {
      guard pairs.count < maximum else {
        throw Problem(.malformed, "the \(what) has more than \(maximum) fields")
      }
      let cut = part.firstIndex(of: UInt8(ascii: "="))
      let value = cut.map { part[part.index(after: $0)...] } ?? part[part.endIndex...]
      guard
        let name = PercentCoding.decode(
          Substring(part[..<(cut ?? part.endIndex)]), plusIsSpace: true),
        let value = PercentCoding.decode(Substring(value), plusIsSpace: true)
      else { throw Problem(.malformed, "the \(what) is not percent-encoded UTF-8") }
      pairs.append((name, value))
    }
    all = pairs
  }

  /// The first value of a name.
  subscript(name: String) -> String? { all.first { $0.name == name }?.value }

  /// Every value of a name, in order.
  func values(of name: String) -> [String] { all.filter { $0.name == name }.map(\.value) }
}
