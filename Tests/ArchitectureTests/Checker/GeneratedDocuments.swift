import DocumentKit
import Foundation

/// The blocks of the documents that are made from the manifest and the sources. Others are made
/// by the tests of the target that they tell of.
struct GeneratedDocuments: Sendable {
  let tree: SourceTree

  /// Blocks that differ from what the code says now, or that nobody makes.
  func stale() -> [Violation] {
    tree.documents.flatMap { path in
      GeneratedBlock.renew(tree.document(path) ?? "") { name in
        tree.charter.blocksElsewhere.contains(name) ? nil : content(name) ?? "?"
      }
      .blocks.filter { !$0.isFresh }
      .map { Violation(.documents, path, "the block `\($0.name)` is stale: run script/diagrams") }
    }
  }

  func write() throws {
    for path in tree.documents {
      let text = tree.document(path) ?? ""
      let renewed = GeneratedBlock.renew(text, content: content).text
      guard renewed != text else { continue }
      try renewed.write(to: tree.root.appending(path: path), atomically: true, encoding: .utf8)
    }
  }

  private func content(_ name: String) -> String? {
    switch name {
    case "ranks diagram": rankDiagram()
    case "ranks table": rankTable()
    case "problems": problems()
    default: nil
    }
  }

  /// Only the edges that no other path implies: the rest would hide them.
  private func rankDiagram() -> String {
    let shipped = tree.manifest.shipped
    let uses = Dictionary(
      uniqueKeysWithValues: shipped.map { target in
        (target.name, target.uses.filter { name in shipped.contains { $0.name == name } })
      })
    var lines = ["```mermaid", "flowchart TB"]
    for rank in Set(shipped.compactMap(\.rank)).sorted(by: >) {
      lines.append("  subgraph rank\(rank) [rank \(rank)]")
      lines += shipped.filter { $0.rank == rank }.map { "    \($0.name)" }
      lines.append("  end")
    }
    for target in shipped {
      let direct = uses[target.name, default: []]
      let implied = direct.reduce(into: Set<String>()) { $0.formUnion(reach(from: $1, uses)) }
      lines += direct.filter { !implied.contains($0) }.map { "  \(target.name) --> \($0)" }
    }
    return (lines + ["```", ""]).joined(separator: "\n")
  }

  private func reach(from name: String, _ uses: [String: [String]]) -> Set<String> {
    uses[name, default: []].reduce(into: []) { found, next in
      found.insert(next)
      found.formUnion(reach(from: next, uses))
    }
  }

  private func rankTable() -> String {
    let rows = tree.manifest.shipped.map { target in
      let own = target.uses.filter { tree.manifest.target($0)?.kind != .shim }
      let shims = target.uses.filter { tree.manifest.target($0)?.kind == .shim }
      return "| \(target.rank ?? -1) | `\(target.name)` | \(list(own)) "
        + "| \(list((target.products + shims).sorted())) |"
    }
    return
      (["| rank | target | stands on | libraries of others |", "|---|---|---|---|"] + rows + [""])
      .joined(separator: "\n")
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "-" : names.joined(separator: ", ")
  }

  private static let code = Pattern(
    #"Code\(\s*"([^"]+)",\s*(\d+),\s*"((?:[^"\\]|\\.)+)",\s*"((?:[^"\\]|\\.)+)"\s*\)"#)

  private func problems() -> String {
    let rows = Self.code.matches(in: tree.document("Sources/CityCore/Problem.swift") ?? "").map {
      "| `\($0.groups[0])` | \($0.groups[1]) | \($0.groups[2]) | \($0.groups[3]) |"
    }
    return (["| code | status | what it says | what to do |", "|---|---|---|---|"] + rows + [""])
      .joined(separator: "\n")
  }
}
