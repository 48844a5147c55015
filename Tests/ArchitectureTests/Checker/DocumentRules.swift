/// What the documents say, against what is there.
extension Checker {
  func documents() -> [Violation] {
    charter.tables.flatMap(table) + codeMap() + anchors() + links()
      + namesInDocuments() + documentsInCode() + GeneratedDocuments(tree: tree).stale()
  }

  func changelog() -> [Violation] {
    guard let path = charter.changelog else { return [] }
    guard let text = tree.document(path) else {
      return [Violation(.changelog, path, "is missing")]
    }
    let sections = text.split(separator: "\n## ")
    guard let open = sections.first(where: { $0.hasPrefix("Unreleased") }) else {
      return [Violation(.changelog, path, "has no section `## Unreleased`")]
    }
    guard open.split(separator: "\n").contains(where: { $0.hasPrefix("- ") }) else {
      return [Violation(.changelog, path, "tells nothing under `## Unreleased`")]
    }
    return []
  }

  private static let row = Pattern(#"^\|\s*(\d+)\s*\|\s*`(\w+)`"#)

  /// The table of targets names every shipped target with its rank, in order, and nothing else.
  private func table(_ path: String) -> [Violation] {
    guard let text = tree.document(path) else {
      return [Violation(.documents, path, "is missing")]
    }
    let told = Self.row.matches(in: text).map { "\($0.groups[0]) \($0.groups[1])" }
    let real = manifest.shipped.map { "\($0.rank ?? -1) \($0.name)" }
    let missing = real.filter { !told.contains($0) }
    let stray = told.filter { !real.contains($0) }
    if missing.isEmpty, stray.isEmpty, told != real {
      return [Violation(.documents, path, "lists the targets in another order than the manifest")]
    }
    return missing.map { Violation(.documents, path, "has no row for the target `\($0)`") }
      + stray.map { Violation(.documents, path, "has a row for `\($0)`, which is not there") }
  }

  /// Each shipped target has its paragraph, and the paragraph says what is not in there.
  private func codeMap() -> [Violation] {
    guard let path = charter.codeMap, let text = tree.document(path) else { return [] }
    let sections = "\n\(text)".split(separator: "\n### ")
    return manifest.shipped.compactMap { target in
      guard let section = sections.first(where: { $0.hasPrefix("`\(target.name)`") }) else {
        return Violation(.documents, path, "has no paragraph on `\(target.name)`")
      }
      guard section.contains("**Invariant:") else {
        return Violation(.documents, path, "does not say what is not in `\(target.name)`")
      }
      return nil
    }
  }

  /// Each rule has its paragraph in the style.
  private func anchors() -> [Violation] {
    guard let path = charter.style else { return [] }
    let known = Markdown.anchors(in: tree.document(path) ?? "")
    return Rule.allCases.filter { !known.contains($0.rawValue) }.map {
      Violation(.documents, path, "does not explain #\($0.rawValue)")
    }
  }

  /// Links inside the checkout lead somewhere.
  private func links() -> [Violation] {
    tree.documents.flatMap { path -> [Violation] in
      let text = tree.document(path) ?? ""
      let folder = path.split(separator: "/").dropLast().joined(separator: "/")
      return Markdown.links(in: text).compactMap { link in
        let place = "\(path):\(link.line)"
        let goal = link.path.isEmpty ? path : Markdown.resolve(link.path, from: folder)
        guard tree.exists(goal) else {
          return Violation(.documents, place, "links to \(goal), which is not there")
        }
        if goal.hasPrefix("Tests/"), link.text.hasPrefix("`"),
          !(tree.document(goal) ?? "").contains(
            goal.hasSuffix(".swift") ? link.text : link.text.filter { $0 != "`" })
        {
          return Violation(.documents, place, "finds no test \(link.text) in \(goal)")
        }
        if link.anchor.isEmpty || !goal.hasSuffix(".md") { return nil }
        if Markdown.anchors(in: tree.document(goal) ?? "").contains(link.anchor) { return nil }
        return Violation(.documents, place, "links to \(goal)#\(link.anchor), which is not there")
      }
    }
  }
}
