import CityCore
import Testing

struct IdentifierTests {
  @Test(arguments: ["a", "7", "street-07", "a_b", String(repeating: "x", count: 64)])
  func `a name is made of lower-case letters, digits, hyphens and underscores`(text: String) {
    #expect(NodeID(rawValue: text)?.rawValue == text)
  }

  @Test(arguments: [
    "", ".", "..", "../x", "a/b", "a\\b", "-a", "_a", "A", "a b", "a.b", "é", "街道", "a\u{0}",
    "a\n", "%2e", String(repeating: "x", count: 65),
  ])
  func `nothing that could be a path or a trick is a name`(text: String) {
    #expect(NodeID(rawValue: text) == nil)
    #expect(PrincipalID(rawValue: text) == nil)
    #expect(ThingID(rawValue: "inc_" + text + "/") == nil)
  }

  @Test(arguments: ["inc", "inc_", "_01", ""])
  func `a thing has a kind and a key`(text: String) {
    #expect(ThingID(rawValue: text) == nil)
  }

  @Test func `the kind of a thing stands before the first underscore`() {
    #expect(ThingID(kind: "inc", key: "01_x")?.kind == "inc")
  }

  @Test func `an event id is read back from its text`() throws {
    let node = try #require(NodeID(rawValue: "street-07"))
    let ids = samples(200) {
      EventID(
        node: node, epoch: Epoch(rawValue: $0.next()), seq: Int64($0.next() >> 1 | 1))
    }
    for id in ids { #expect(EventID(id.description) == id) }
  }

  @Test(arguments: [
    "a:0123456789abcdef:0", "a:0123456789abcdef:-1", "a:0123456789abcde:1", "a:1",
    "a:0123456789abcdef:1:2", "A:0123456789abcdef:1", "a:0123456789abcdeg:1",
    "a:0123456789abcdef:9223372036854775808",
  ])
  func `what is no event id is refused`(text: String) {
    #expect(EventID(text) == nil)
  }

  @Test func `keys sort by time and are names`() {
    var random = SeededRandom(seed: 3)
    let times = (0..<300).map { UTCTime(milliseconds: 1_700_000_000_000 + Int64($0) * 7_919) }
    let keys = times.map { SortableKey.make(now: $0, random: &random) }
    #expect(keys == keys.sorted())
    #expect(keys.allSatisfy { $0.utf8.count == 26 && NameRule.isValid($0) })
    #expect(Set(keys).count == keys.count)
  }

  @Test func `a page asks for 1 to 500 items after a short cursor`() throws {
    #expect(try PageRequest(limit: 500).limit == 500)
    for limit in [Int.min, -1, 0, 501, Int.max] {
      #expect(throws: Problem.self) { try PageRequest(limit: limit) }
    }
    #expect(throws: Problem.self) {
      try PageRequest(after: String(repeating: "x", count: 257))
    }
  }
}
