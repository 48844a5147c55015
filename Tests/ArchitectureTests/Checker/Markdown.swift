/// As much of Markdown as the checks need.
enum Markdown {
  struct Link {
    let line: Int
    /// What the reader sees.
    let text: String
    let path: String
    let anchor: String
  }

  private static let link = Pattern(#"\[([^\]]*)\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)"#)
  private static let heading = Pattern(#"^#{1,6} +(.+?)\s*$"#)
  private static let anchor = Pattern(#"<a id="([^"]+)">"#)

  /// Links that stay inside the checkout.
  static func links(in text: String) -> [Link] {
    link.matches(in: withoutFences(text)).map {
      Link(line: $0.line, text: $0.groups[0], path: $0.groups[1], anchor: $0.groups[2])
    }
  }

  static func anchors(in text: String) -> Set<String> {
    let plain = withoutFences(text)
    return Set(heading.matches(in: plain).map { slug($0.groups[0]) })
      .union(anchor.matches(in: plain).map { $0.groups[0] })
  }

  /// As code hosts make it: lower case, spaces to hyphens, punctuation dropped.
  static func slug(_ heading: String) -> String {
    String(
      heading.lowercased().compactMap { character in
        if character == " " { return "-" }
        return character.isLetter || character.isNumber || character == "-" || character == "_"
          ? character : nil
      })
  }

  static func resolve(_ path: String, from folder: String) -> String {
    var parts = folder.split(separator: "/").map(String.init)
    for part in path.split(separator: "/") {
      switch part {
      case ".": break
      case "..": _ = parts.popLast()
      default: parts.append(String(part))
      }
    }
    return parts.joined(separator: "/")
  }

  /// Fenced blocks become empty lines.
  private static func withoutFences(_ text: String) -> String {
    var isFenced = false
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      if line.hasPrefix("```") {
        isFenced.toggle()
        return ""
      }
      return isFenced ? "" : String(line)
    }.joined(separator: "\n")
  }
}
