import CityJSON
import DocumentKit
import Foundation
import Linkage
import Testing

/// `docs/link-protocol.md` and the examples beside its schemas show what the code does.
@Suite(.serialized) struct DocumentTests {
  @Test func `the table of hand-overs is the one of the state machine`() throws {
    #expect(
      try GeneratedBlock.isFresh(
        "hand-over", in: "docs/link-protocol.md", content: Handover.table))
  }

  @Test func `there is a schema and an example of every frame as it is written`() throws {
    let folder = GeneratedBlock.root.appending(path: "docs/schemas/link")
    for frame in try FrameTests().frames() {
      let text = try frame.encoded()
      let name = try #require(JSON.parse(text)["type"]?.stringValue)
      let schema = try JSON.parse(
        Array(Data(contentsOf: folder.appending(path: "\(name).json"))))
      #expect(schema["properties"]?["type"]?["const"]?.stringValue == name)
      let example = folder.appending(path: "examples/\(name).json")
      if GeneratedBlock.isWriting { try Data(text + [0x0A]).write(to: example) }
      #expect(try Array(Data(contentsOf: example)) == text + [0x0A], "\(name): run script/diagrams")
      #expect(try Frame.decode(text) == frame)
    }
  }
}
