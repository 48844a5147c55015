import DocumentKit
import Foundation
import Testing

/// The rules of STYLE.md and ARCHITECTURE.md, held against this checkout.
struct ArchitectureTests {
  /// Read once for all the rules.
  static let tree = Result {
    try SourceTree(
      root: GeneratedBlock.root, manifest: ManifestDump.load(root: GeneratedBlock.root),
      charter: .cityBeacon)
  }

  @Test(arguments: Rule.allCases)
  func `the package keeps its rules`(rule: Rule) throws {
    for violation in Checker(tree: try Self.tree.get()).violations(of: rule) {
      Issue.record(Comment(rawValue: violation.description))
    }
  }
}

/// What `script/diagrams` runs.
@Suite(.enabled(if: GeneratedBlock.isWriting))
struct DocumentWriter {
  @Test func `the generated parts of the documents are written anew`() throws {
    try GeneratedDocuments(tree: try ArchitectureTests.tree.get()).write()
  }
}
