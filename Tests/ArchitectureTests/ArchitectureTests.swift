import Foundation
import Testing

/// The rules of STYLE.md and ARCHITECTURE.md, held against this checkout.
struct ArchitectureTests {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Read once for all the rules.
  static let tree = Result {
    try SourceTree(root: root, manifest: ManifestDump.load(root: root), charter: .cityBeacon)
  }

  @Test(arguments: Rule.allCases)
  func `the package keeps its rules`(rule: Rule) throws {
    if Self.writes, rule == .documents { try GeneratedDocuments(tree: try Self.tree.get()).write() }
    for violation in Checker(tree: try Self.tree.get()).violations(of: rule) {
      Issue.record(Comment(rawValue: violation.description))
    }
  }

  /// `script/diagrams` sets it.
  static let writes = ProcessInfo.processInfo.environment["CITYBEACON_WRITE_DOCUMENTS"] == "1"
}
