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
    for violation in Checker(tree: try Self.tree.get()).violations(of: rule) {
      Issue.record(Comment(rawValue: violation.description))
    }
  }
}

/// What `script/diagrams` runs.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["CITYBEACON_WRITE_DOCUMENTS"] == "1"))
struct DocumentWriter {
  @Test func `the generated parts of the documents are written anew`() throws {
    try GeneratedDocuments(tree: try ArchitectureTests.tree.get()).write()
  }
}
