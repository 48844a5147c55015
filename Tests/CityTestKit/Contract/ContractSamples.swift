public import CityCore
import CityJSON
public import Journal

/// Values for the store contract: all fields set, different for different numbers.
public struct ContractSamples: Sendable {
  public let node: NodeID
  public let other: NodeID
  public let epoch: Epoch
  public let noon = UTCTime(seconds: 1_795_176_000)

  /// - Throws: nothing, in fact; the names are valid.
  public init(node: String = "street-1", other: String = "district-1") throws {
    self.node = try Self.found(NodeID(rawValue: node))
    self.other = try Self.found(NodeID(rawValue: other))
    epoch = Epoch(rawValue: 0xFEDC_BA98_7654_3210)
  }

  static func found<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw ContractBreach(sentence: "a sample is valid") }
    return value
  }

  public func thing(_ number: Int, kind: String = "inc") throws -> ThingID {
    // Numbers of equal length, so that they sort as they count.
    try Self.found(ThingID(kind: kind, key: "\(100_000 + number)"))
  }

  public func principal(_ name: String) throws -> PrincipalID {
    try Self.found(PrincipalID(rawValue: name))
  }

  public func code(_ text: String) throws -> AdminCode {
    try Self.found(AdminCode(rawValue: text))
  }

  public func digest(_ number: Int) throws -> Digest32 {
    try Self.found(
      Digest32((0..<32).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }))
  }

  public func labels(_ number: Int = 0) throws -> Labels {
    Labels(
      jurisdiction: try code("33010600\(1 + number % 3)"), grade: Grade.allCases[number % 4],
      classCode: number.isMultiple(of: 2) ? "0101" : nil, dataClass: .work,
      parties: number.isMultiple(of: 3) ? [node, other] : [])
  }

  /// An event that is intact: its hash follows from its bytes.
  public func event(
    _ seq: Int64, of thing: ThingID, version: Int, term: Int = 1, by writer: NodeID? = nil,
    kind: String = "incident.noted", actor: String = "usr_wang"
  ) throws -> StoredEvent {
    let number = Int(seq)
    let header = EventHeader(
      id: EventID(node: writer ?? node, epoch: epoch, seq: seq), kind: kind, thing: thing,
      term: term, version: version,
      time: HybridTime(milliseconds: noon.milliseconds + seq, counter: UInt32(number % 7)),
      actor: Actor(
        kind: .person, id: try principal(actor), node: writer ?? node, role: "duty-officer",
        organisation: try principal("org_east")),
      cause: number.isMultiple(of: 2) ? EventID(node: other, epoch: epoch, seq: 7) : nil,
      labels: try labels(number))
    let headerBytes = try JSON.encode(header)
    let body = Array(#"{"text":"积水 \#(seq)"}"#.utf8)
    let sealed: [UInt8] = number.isMultiple(of: 5) ? Array("[]".utf8) : []
    let previous = try digest(number - 1)
    return StoredEvent(
      header: header, headerBytes: headerBytes, body: body, sealed: sealed, previous: previous,
      hash: StoredEvent.hash(
        previous: previous, headerBytes: headerBytes, body: body, sealed: sealed))
  }

  public func arrival(_ number: Int = 0) -> Arrival {
    Arrival(
      via: other, time: noon + .seconds(Int64(number)),
      hops: [
        Hop(
          from: other, to: node, sent: noon, received: noon + .milliseconds(40),
          offset: number.isMultiple(of: 2) ? -3 : nil, uncertainty: 5)
      ])
  }

  public func record(
    _ number: Int, kind: String = "inc", version: Int = 1, isOpen: Bool = true
  ) throws -> ThingRecord {
    ThingRecord(
      id: try thing(number, kind: kind), owner: node,
      offeredTo: number.isMultiple(of: 4) ? other : nil, term: 1 + number % 2, version: version,
      lastEvent: EventID(node: node, epoch: epoch, seq: Int64(number + 1)),
      updated: HybridTime(milliseconds: noon.milliseconds + Int64(number), counter: 3),
      labels: try labels(number), state: Array(#"{"number":\#(number)}"#.utf8),
      index: try index(number, isOpen: isOpen),
      arrived: number.isMultiple(of: 2) ? noon : nil)
  }

  public func index(_ number: Int, isOpen: Bool = true) throws -> ThingIndex {
    ThingIndex(
      title: "暴雨积水 flooded underpass \(number)",
      stage: number.isMultiple(of: 2) ? "handle" : "file",
      isOpen: isOpen,
      place: number.isMultiple(of: 3)
        ? Coordinate(longitude: 120.1 + Double(number) / 1_000, latitude: 30.25) : nil,
      parent: number > 0 ? try thing(0) : nil,
      assignee: number.isMultiple(of: 2) ? try principal("org_water") : nil,
      rule: number.isMultiple(of: 3) ? "water-high" : nil,
      subject: number.isMultiple(of: 3) ? "dev_\(number)" : nil,
      source: number.isMultiple(of: 5) ? "12345" : nil,
      externalId: number.isMultiple(of: 5) ? "ext-\(number)" : nil,
      opened: noon + .seconds(Int64(number)), due: noon + .hours(Int64(number)),
      closed: isOpen ? nil : noon + .hours(9),
      wake: number.isMultiple(of: 2) ? noon + .minutes(Int64(number)) : nil,
      text: "水深 \(number) 厘米, near the station")
  }
}
