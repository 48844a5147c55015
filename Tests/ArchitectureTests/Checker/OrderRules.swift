/// The order of a `Set` or `Dictionary` changes with every run: in the pure ranks nothing may hang
/// on it. Types are not known here, so names that are declared as such stand for them.
extension Checker {
  private static let type = #"(?:Set<|Dictionary<|\[[\w.\s]+:\s*(?:any\s+)?[\w.\[\]<>?(), :]+\])"#
  private static let declared = Pattern(#"\b(\w+)\s*:\s*(?:inout\s+)?"# + type)
  private static let made = Pattern(
    #"\b(?:let|var)\s+(\w+)\s*=\s*(?:try\s+)?(?:Set|Dictionary)\s*[(<](?!.*\.sorted\b)"#)
  private static let member = Pattern(
    #"^ {2}(?:(?:public|private|internal|static|package|\w+\(set\))\s+)*(?:let|var)\s+(\w+)\s*:\s*"#
      + type)
  /// What iterates: a loop, or a call whose result keeps the order.
  private static let iteration = Pattern(
    #"\bin\s+(?:\w+\.)*(\w+)(?=\s*(?:where\b|\{))|"#
      + #"\b(\w+)\.(?:keys|values|map|flatMap|compactMap|forEach|first|enumerated|prefix|reduce)\b|"#
      + #"\bArray\((?:\w+\.)*(\w+)\)"#)
  /// What makes the order harmless again, in the same expression.
  private static let settled = Pattern(
    #"\.(?:sorted|sort|contains|count|isEmpty|allSatisfy|min|max)\b|\bSet\(|\bDictionary\("#)

  func order() -> [Violation] {
    manifest.shipped.filter { ($0.rank ?? 9) <= 2 }.flatMap { target -> [Violation] in
      let sources = files(of: target)
      let members = Set(
        sources.flatMap { Self.member.matches(in: $0.text.code).map { $0.groups[0] } })
      return sources.flatMap { order(in: $0, members: members) }
    }
  }

  private func order(in file: SourceTree.File, members: Set<String>) -> [Violation] {
    let code = file.text.code
    let own = Self.declared.matches(in: code) + Self.made.matches(in: code)
    let names = members.union(own.map { $0.groups[0] })
    return Self.iteration.matches(in: code).compactMap { match in
      let name = match.groups.first { !$0.isEmpty } ?? ""
      let isLoop = !match.groups[0].isEmpty
      guard names.contains(name), !file.text.isExcused(line: match.line, by: "// Any order:"),
        isLoop || Self.settled.matches(in: expression(in: code, from: match.offset)).isEmpty
      else { return nil }
      return Violation(
        .order, "\(file.path):\(match.line)",
        "goes through `\(name)` in an order that changes with every run; sort it, or say"
          + " `// Any order: …` above")
    }
  }

  /// From `offset` to the end of the line on which all brackets are closed and no call follows.
  private func expression(in code: String, from offset: Int) -> String {
    let rest = Array(code.utf8.dropFirst(offset))
    var depth = 0
    for (index, byte) in rest.enumerated() {
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\n") where depth <= 0:
        let next = rest[index...].first { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: " ") }
        if next != UInt8(ascii: ".") { return String(decoding: rest[..<index], as: UTF8.self) }
      default: break
      }
    }
    return String(decoding: rest, as: UTF8.self)
  }
}
