import DocumentKit
import Testing

@testable import Node

/// `docs/operations.md` shows what the code says.
@Suite(.serialized) struct DocumentTests {
  @Test func `the table of settings is the one that the loader reads`() throws {
    let rows = SettingsKey.all.map { "| `\($0.name)` | \($0.help)\($0.isList ? "; a list" : "") |" }
    #expect(
      try GeneratedBlock.isFresh(
        "settings", in: "docs/operations.md",
        content: (["| key | what |", "|---|---|"] + rows).joined(separator: "\n")))
  }
}
