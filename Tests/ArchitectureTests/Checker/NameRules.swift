/// Documents and code name each other: the names lead somewhere.
extension Checker {
  private static let declaration = Pattern(
    #"\b(?:struct|enum|class|protocol|actor|typealias)\s+([A-Z]\w*)"#)
  private static let named = Pattern(#"`([A-Z][A-Za-z0-9]+)([.(][^`]*)?`"#)
  private static let document = Pattern(#"\b(docs/[\w/-]+\.md)(?:#([\w-]+))?"#)
  private static let path = Pattern(#"`((?:Sources|Tests|Benchmarks|script|docs)/[\w/.+-]+)`"#)

  /// A type that a document names is declared somewhere, and a file that it names is there.
  func namesInDocuments() -> [Violation] {
    let declared = Set(
      manifest.targets.flatMap(files(of:)).flatMap { file in
        Self.declaration.matches(in: file.text.code).map { $0.groups[0] }
      })
    let known = declared.union(manifest.targets.map(\.name)).union(charter.foreignNames)
    return charter.namingDocuments.flatMap { path -> [Violation] in
      let text = tree.document(path) ?? ""
      let types = Self.named.matches(in: text).filter {
        !known.contains($0.groups[0]) && !tree.exists($0.groups.joined())
      }
      let paths = Self.path.matches(in: text).filter { !tree.exists($0.groups[0]) }
      return (types + paths).map {
        Violation(.documents, "\(path):\($0.line)", "names `\($0.groups[0])`, which is not there")
      }
    }
  }

  /// A document that a comment names is there, and has the heading.
  func documentsInCode() -> [Violation] {
    manifest.targets.flatMap(files(of:)).flatMap { file -> [Violation] in
      let text = file.text.lines.joined(separator: "\n")
      return Self.document.matches(in: text).compactMap { match in
        let place = "\(file.path):\(match.line)"
        let goal = match.groups[0]
        guard let document = tree.document(goal) else {
          return Violation(.documents, place, "names \(goal), which is not there")
        }
        let anchor = match.groups[1]
        if anchor.isEmpty || Markdown.anchors(in: document).contains(anchor) { return nil }
        return Violation(.documents, place, "names \(goal)#\(anchor), which is not there")
      }
    }
  }
}
