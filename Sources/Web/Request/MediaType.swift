/// A `Content-Type`: `type/subtype` and the charset.
struct MediaType: Hashable {
  let essence: String
  /// Lower case, without quotes.
  let charset: String?
  let boundary: String?

  init(_ field: String) {
    // What nearly every request says.
    if field == "application/json" {
      essence = field
      charset = nil
      boundary = nil
      return
    }
    let parts = field.split(separator: ";", omittingEmptySubsequences: false)
    essence = Self.trim(parts.first ?? "").lowercased()
    var charset: String?
    var boundary: String?
    for part in parts.dropFirst() {
      let pair = part.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { continue }
      var value = Self.trim(pair[1])
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
        value = value.dropFirst().dropLast()
      }
      switch Self.trim(pair[0]).lowercased() {
      case "charset": charset = value.lowercased()
      case "boundary": boundary = String(value)
      default: break
      }
    }
    self.charset = charset
    self.boundary = boundary
  }

  /// No charset is UTF-8; ASCII is a part of it.
  var isUTF8: Bool {
    charset == nil || charset == "utf-8" || charset == "utf8" || charset == "us-ascii"
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text
    while let first = text.utf8.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
    while let last = text.utf8.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
    return text
  }
}
