import CityCore
import CityJSON
import Testing

@testable import Journal

struct EventJSONTests {
  private func header(full: Bool) throws -> EventHeader {
    let node = try #require(NodeID(rawValue: "street-1"))
    let principal = try #require(PrincipalID(rawValue: "person-7"))
    return EventHeader(
      id: EventID(node: node, epoch: Epoch(rawValue: 0x00FE_ED00_0000_0001), seq: 42),
      kind: "incident.filed", kindVersion: 3, thing: try #require(ThingID(rawValue: "inc_a")),
      term: 2, version: 9, time: HybridTime(milliseconds: 1_800_000_000_123, counter: 4),
      actor: Actor(
        kind: .person, id: principal, node: node, role: full ? "值\"班" : nil,
        organisation: full ? principal : nil),
      cause: full ? EventID(node: node, epoch: Epoch(rawValue: .max), seq: 1) : nil,
      labels: Labels(
        jurisdiction: try #require(AdminCode(rawValue: "330106003")), grade: full ? .red : nil,
        classCode: full ? "E04\\03" : nil, dataClass: .restricted, parties: full ? [node] : []))
  }

  private func arrival(full: Bool) throws -> Arrival {
    let node = try #require(NodeID(rawValue: "street-1"))
    let time = UTCTime(rawValue: 1_800_000_000_000_001)
    let hop = Hop(
      from: node, to: node, sent: time, received: time, offset: full ? -7 : nil,
      uncertainty: full ? 9 : nil)
    return Arrival(via: node, time: time, hops: full ? [hop, hop] : [])
  }

  @Test(arguments: [true, false])
  func `a header written by hand is what Codable writes, and is read back`(full: Bool) throws {
    let header = try header(full: full)
    #expect(try header.json == JSON.encode(header))
    #expect(try EventHeader(json: header.json) == header)
  }

  @Test(arguments: [true, false])
  func `an arrival written by hand is what Codable writes, and is read back`(full: Bool) throws {
    let arrival = try arrival(full: full)
    #expect(try arrival.json == JSON.encode(arrival))
    #expect(try Arrival(json: arrival.json) == arrival)
  }

  @Test(arguments: [true, false])
  func `what is read by hand is what Codable reads, whatever was changed in it`(full: Bool) throws {
    var random = SeededRandom(seed: 5)
    let plain = try header(full: false)
    #expect(
      plain.json.withUnsafeBufferPointer { bytes in
        var scanner = HeaderScanner(bytes)
        return scanner.header()
      } == plain, "the short way serves what we write ourselves")
    let bytes = try header(full: full).json
    for _ in 0..<2_000 {
      var changed = bytes
      changed[random.below(bytes.count)] = UInt8(0x20 + random.below(0x5F))
      let read = try? EventHeader(json: changed)
      let expected = try? JSON.decode(EventHeader.self, from: changed)
      #expect(read == expected)
    }
    guard full else { return }
    for text in [#""cause":null"#, #""cause":7"#] {
      let changed = Array(
        String(decoding: bytes, as: UTF8.self).replacing(/"cause":"[^"]*"/, with: text).utf8)
      let read = try? EventHeader(json: changed)
      #expect(read == (try? JSON.decode(EventHeader.self, from: changed)))
      #expect((read == nil) == text.contains("7"))
    }
  }
}
