import DocumentKit
import Testing

@testable import Access

/// `docs/access.md` shows what the code says.
@Suite(.serialized) struct DocumentTests {
  @Test func `the table of permissions is the one that was agreed`() throws {
    #expect(
      try GeneratedBlock.isFresh(
        "permissions", in: "docs/access.md", content: PermissionTable.markdown()))
  }

  @Test func `the standard release policy is the one that was agreed`() throws {
    #expect(
      try GeneratedBlock.isFresh(
        "release policy", in: "docs/access.md", content: ReleasePolicy.standard.markdown()))
  }
}
