import CityCore
import CityJSON
import Journal
import Testing

@testable import Linkage

struct FrameTests {
  private static let epoch = Epoch(rawValue: 0xFEED)
  private static let now = UTCTime(seconds: 1_800_000_000)

  private func node(_ name: String) throws -> NodeID { try #require(NodeID(rawValue: name)) }

  private func event(body: String = "{\"标题\":\"积水\"}") throws -> StoredEvent {
    let street = try node("street")
    let header = EventHeader(
      id: EventID(node: street, epoch: Self.epoch, seq: 3), kind: "incident.filed",
      thing: try #require(ThingID(kind: "inc", key: "a")), term: 1, version: 1,
      time: HybridTime(milliseconds: 1_800_000_000_000),
      actor: Actor(kind: .node, id: try #require(PrincipalID(rawValue: "node")), node: street),
      labels: Labels(jurisdiction: try #require(AdminCode(rawValue: "330106003"))))
    let bytes = try JSON.encode(header)
    let body = Array(body.utf8)
    return StoredEvent(
      header: header, headerBytes: bytes, body: body, sealed: [], previous: .zero,
      hash: StoredEvent.hash(previous: .zero, headerBytes: bytes, body: body, sealed: []))
  }

  func frames() throws -> [Frame] {
    let mark = CommitMark(
      node: try node("street"), epoch: Self.epoch, firstSeq: 3, hashes: [try event().hash],
      signature: [UInt8](repeating: 7, count: 64))
    let entry = Frame.Entry(
      seq: 1, policy: 2, addressed: true, follows: false, event: WireEvent(try event()), hops: [],
      sealed: [WireSealed(ref: "vlt-1", value: "张三", salt: "00ff")])
    let thing = try #require(ThingID(kind: "tsk", key: "b"))
    let place = try #require(AdminCode(rawValue: "3301"))
    return [
      .hello(
        Frame.Hello(
          protocols: [1], node: try node("street"), epoch: Self.epoch, instance: "i",
          applied: [Frame.Cursor(epoch: Self.epoch, through: 9)], seq: 3, hash: .zero,
          restored: nil, time: Self.now, software: "x/1")),
      .data(
        Frame.DataFrame(
          epoch: Self.epoch, sent: Self.now, entries: [entry], commits: [WireCommit(mark)])),
      .ack(Frame.Ack(epoch: Self.epoch, through: 12)),
      .ping(Frame.Ping(sent: Self.now, released: 4)),
      .pong(Frame.Pong(echo: Self.now, received: Self.now, sent: Self.now)),
      .returned(
        Frame.Returned(
          epoch: Self.epoch, events: [entry], commits: [WireCommit(mark)], done: true)),
      .refused(Frame.Refused(code: "gap", detail: "11 came after 9", seq: 11)),
      .evidenceWanted(Frame.EvidenceWanted(sha256: .zero, thing: thing, offset: 262_144)),
      .evidenceMissing(Frame.EvidenceMissing(sha256: .zero)),
      .vitals(
        Frame.Vitals(reports: [
          Frame.VitalReport(
            node: try node("street"), jurisdiction: place, time: Self.now, age: 1_200,
            values: [
              .init(name: "warnings.red", value: 2), .init(name: "readings.rate", value: 0.5),
            ])
        ])),
    ]
  }

  @Test func `every frame is read back from its text`() throws {
    for frame in try frames() { #expect(try Frame.decode(frame.encoded()) == frame) }
  }

  @Test func `a data frame written by hand is what Codable writes`() throws {
    struct Envelope: Codable {
      var type = "data"
      var body: Frame.DataFrame
    }
    guard case .data(var body) = try frames()[1] else {
      Issue.record("the second is a data frame")
      return
    }
    let street = try node("street")
    body.entries[0].hops = [
      Hop(
        from: street, to: street, sent: Self.now, received: Self.now, offset: 3, uncertainty: nil)
    ]
    body.entries.append(body.entries[0])
    body.entries[1].sealed = nil
    #expect(try Frame.data(body).encoded() == JSON.encode(Envelope(body: body)))
    #expect(try Frame.decode(Frame.data(body).encoded()) == .data(body))
    body.entries.removeFirst()
    #expect(try Frame.decode(Frame.data(body).encoded()) == .data(body))
  }

  @Test func `a data frame with an integer written as a fraction is read as one without`() throws {
    let text = String(decoding: try frames()[1].encoded(), as: UTF8.self)
    let changed = text.replacing(#""policy":2"#, with: #""policy":2.0"#)
    #expect(changed != text)
    #expect(try Frame.decode(Array(changed.utf8)) == frames()[1])
  }

  @Test func `a frame of a later version is passed over`() throws {
    #expect(try Frame.decode(Array(#"{"type":"telepathy","body":{"x":1}}"#.utf8)) == nil)
  }

  @Test func `a frame cut anywhere is refused and nothing crashes`() throws {
    for frame in try frames() {
      let bytes = try frame.encoded()
      for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
        #expect(throws: Problem.self) { try Frame.decode(Array(bytes.prefix(count))) }
      }
    }
  }

  @Test func `a frame with any byte changed is read or refused and nothing crashes`() throws {
    var random = SeededRandom(seed: 11)
    for frame in try frames() {
      let bytes = try frame.encoded()
      for _ in 0..<150 {
        var changed = bytes
        changed[random.below(bytes.count)] = UInt8(random.below(256))
        do {
          _ = try Frame.decode(changed)
        } catch {
          #expect([.malformed, .tooLarge].contains(error.code))
        }
      }
    }
  }

  @Test func `a frame above the limit is refused unread`() {
    let bytes = [UInt8](repeating: 0x20, count: Limits.linkFrame + 1)
    #expect(throws: Problem.self) { try Frame.decode(bytes) }
  }

  @Test func `an event comes out of its envelope byte for byte`() throws {
    let event = try event()
    #expect(try WireEvent(event).stored() == event)
    #expect(WireEvent(event).type == "org.citybeacon.incident.filed")
  }

  @Test func `an envelope that disagrees with what was hashed is refused`() throws {
    let good = WireEvent(try event())
    var other = good
    other.data = "{\"标题\":\"无\"}"
    #expect(throws: Problem.self) { try other.stored() }
    other = good
    other.cbheader = good.cbheader.replacing("\"term\":1", with: "\"term\":2")
    #expect(throws: Problem.self) { try other.stored() }
    other = good
    other.type = "org.citybeacon.incident.closed"
    #expect(throws: Problem.self) { try other.stored() }
    other = good
    other.subject = try #require(ThingID(kind: "inc", key: "z"))
    #expect(throws: Problem.self) { try other.stored() }
    other = good
    other.id = EventID(node: good.id.node, epoch: Self.epoch, seq: 4)
    #expect(throws: Problem.self) { try other.stored() }
    other = good
    other.cbsealed = "[]"
    #expect(throws: Problem.self) { try other.stored() }
    other = good
    other.cbprevious = try event(body: "{}").hash
    #expect(throws: Problem.self) { try other.stored() }
  }

  @Test(arguments: ["", "00", String(repeating: "0", count: 63), String(repeating: "x", count: 64)])
  func `hashes of a commit that are no hashes are refused`(hashes: String) throws {
    var commit = WireCommit(
      CommitMark(
        node: try node("street"), epoch: Self.epoch, firstSeq: 1, hashes: [.zero],
        signature: [1]))
    commit.hashes = hashes
    #expect(throws: Problem.self) { try commit.mark() }
  }
}
