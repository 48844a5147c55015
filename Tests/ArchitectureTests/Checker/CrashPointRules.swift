import Foundation

/// Named crash points: in debug builds alone, each on the way of some code, each with its promise
/// and its proof.
extension Checker {
  private static let declared = Pattern(#"^\s*case (\w+) = "([a-z-]+)""#)
  private static let passed = Pattern(#"\b(\w+)\.pass\(\)"#)
  private static let row = Pattern(#"^\| `([a-z-]+)` \|.*?\]\(([^)]+)\)"#)

  func crashPoints() -> [Violation] {
    guard let home = charter.crashPointFile, let told = charter.crashPointDocument else {
      return []
    }
    let every = manifest.shipped.flatMap(files(of:))
    guard let file = every.first(where: { $0.path == home }) else {
      return [Violation(.crashPoints, home, "is missing")]
    }
    let points = Self.declared.matches(in: file.text.lines.joined(separator: "\n")).map {
      (name: $0.groups[0], text: $0.groups[1], line: $0.line)
    }
    let places = every.flatMap { file in
      Self.passed.matches(in: file.text.code).map { (file: file, match: $0) }
    }
    let used = Set(places.map { $0.match.groups[0] })
    let idle = points.filter { !used.contains($0.name) }.map {
      Violation(.crashPoints, "\(home):\($0.line)", "nothing comes by `\($0.text)`")
    }
    let shipped = every.flatMap { file in
      Self.outsideDebug(file).filter { line in
        file.path == home || file.text.lines[line - 1].contains("CrashPoint")
      }.map { Violation(.crashPoints, "\(file.path):\($0)", "is not inside `#if DEBUG`") }
    }
    return idle + shipped + table(points.map(\.text), told)
  }

  /// The table of the document has one row for each point; the test that it names knows the point.
  private func table(_ points: [String], _ path: String) -> [Violation] {
    let section = (tree.document(path) ?? "").components(afterHeading: "## Crash points")
    let rows = Self.row.matches(in: section)
    let told = rows.map { $0.groups[0] }
    let missing = points.filter { !told.contains($0) }.map {
      Violation(.crashPoints, path, "says nothing of `\($0)`")
    }
    let stray = told.filter { !points.contains($0) }.map {
      Violation(.crashPoints, path, "has a row for `\($0)`, which is not there")
    }
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    let unproven = rows.filter { row in
      let test = Markdown.resolve(row.groups[1], from: folder)
      return !(tree.document(test) ?? "").contains("\"\(row.groups[0])\"")
    }.map { Violation(.crashPoints, path, "names a test of `\($0.groups[0])` that never uses it") }
    return missing + stray + unproven
  }

  /// The lines, from 1, that a release compiles; empty lines left out.
  private static func outsideDebug(_ file: SourceTree.File) -> [Int] {
    var conditions: [Bool] = []
    var found: [Int] = []
    for (index, line) in file.text.lines.enumerated() {
      let words = line.split(separator: " ")
      switch words.first {
      case "#if": conditions.append(words.dropFirst().elementsEqual(["DEBUG"]))
      case "#else", "#elseif": conditions[conditions.count - 1] = false
      case "#endif": _ = conditions.popLast()
      case nil: break
      default: if !conditions.contains(true) { found.append(index + 1) }
      }
    }
    return found
  }
}

extension String {
  /// What stands under a heading, to the next of its rank.
  fileprivate func components(afterHeading heading: String) -> String {
    guard let from = range(of: "\(heading)\n") else { return "" }
    let rest = self[from.upperBound...]
    return String(rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)])
  }
}
