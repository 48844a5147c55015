public import CityCore

/// What free text must look like before it enters an event: trimmed, not blank, not longer than
/// the limits, and without characters that nobody can see.
public enum TextRule {
  /// One line, at most ``Limits/title`` bytes. Line breaks and tabs are refused too.
  /// - Throws: ``Problem`` `invalid`, with `at` as JSON Pointer.
  public static func title(
    _ text: String, at: String, limit: Int = Limits.title
  ) throws(Problem) -> String {
    try check(text, at: at, limit: limit, multiline: false)
  }

  /// Any number of lines, at most ``Limits/text`` bytes.
  /// - Throws: ``Problem`` `invalid`, with `at` as JSON Pointer.
  public static func text(
    _ text: String, at: String, limit: Int = Limits.text
  ) throws(Problem) -> String {
    try check(text, at: at, limit: limit, multiline: true)
  }

  /// As ``text(_:at:limit:)``; blank counts as absent.
  /// - Throws: ``Problem`` `invalid`, with `at` as JSON Pointer.
  public static func optional(
    _ text: String?, at: String, limit: Int = Limits.text
  ) throws(Problem) -> String? {
    guard let text, !trimmed(text).isEmpty else { return nil }
    return try check(text, at: at, limit: limit, multiline: true)
  }

  /// One line of a list that may not be there: an external id, the name of a source system.
  /// - Throws: ``Problem`` `invalid`, with `at` as JSON Pointer.
  public static func optionalTitle(
    _ text: String?, at: String, limit: Int = Limits.title
  ) throws(Problem) -> String? {
    guard let text, !trimmed(text).isEmpty else { return nil }
    return try check(text, at: at, limit: limit, multiline: false)
  }

  private static func check(
    _ text: String, at: String, limit: Int, multiline: Bool
  ) throws(Problem) -> String {
    guard text.utf8.count <= limit * 2 else { throw fault(at, "at most \(limit) bytes") }
    let result = trimmed(text)
    guard !result.isEmpty else { throw fault(at, "must not be blank") }
    guard result.utf8.count <= limit else { throw fault(at, "at most \(limit) bytes") }
    for scalar in result.unicodeScalars where isRefused(scalar, multiline: multiline) {
      let code = Hex.string(UInt64(scalar.value)).drop { $0 == "0" }
      throw fault(at, "contains the control character U+\(code.uppercased())")
    }
    return result
  }

  /// Control characters, and the marks that make text read otherwise than it is stored.
  private static func isRefused(_ scalar: Unicode.Scalar, multiline: Bool) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: !multiline
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x202A...0x202E, 0x2066...0x2069, 0x2028, 0x2029: true
    default: false
    }
  }

  private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || (0x200B...0x200D).contains(scalar.value)
      || scalar.value == 0xFEFF || scalar.value == 0x2060
  }

  private static func trimmed(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !isBlank($0) }),
      let last = scalars.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return String(scalars[first...last])
  }

  static func fault(_ at: String, _ reason: String) -> Problem {
    Problem(.invalid, "a value is not acceptable", faults: [.init(at: at, reason: reason)])
  }
}
