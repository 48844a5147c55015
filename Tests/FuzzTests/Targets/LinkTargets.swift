import Access
import CityCore
import CityJSON
import Incidents
import Journal
import Operations

@testable import CityTestKit
@testable import Linkage

extension FuzzTarget {
  /// One text frame of a neighbour: what is read is written so that it reads as the same again, and
  /// an event that is taken is intact.
  static let frames = FuzzTarget("frames", longest: 8_192) { bytes in
    guard let frame = try taken({ try Frame.decode(bytes) }) ?? nil else { return }
    let again = try taken { try Frame.decode(try frame.encoded()) } ?? nil
    try require(again == frame, "a frame that is written does not read as it was")
    for entry in frame.entries {
      guard let event = try taken({ try entry.event.stored() }) else { continue }
      try require(event.isIntact, "\(event.id) was taken although its hash is wrong")
      _ = CustodyEvent(event)
    }
    for commit in frame.commits { _ = try taken { try commit.mark() } }
  }

  /// A whole conversation of a child with a valid certificate that may say anything: a frame a line.
  /// Its events are hashed and signed properly, or nothing would get past the first check.
  static let links = FuzzTarget("links", longest: 16_384) { bytes in
    let parent = try Parent()
    for line in bytes.parts(atMost: 24) {
      guard let frame = try taken({ try Frame.decode(line) }) ?? nil else { continue }
      try parent.take(frame)
    }
    try parent.check()
  }
}

extension Frame {
  fileprivate var entries: [Entry] {
    switch self {
    case .data(let data): data.entries
    case .returned(let returned): returned.events
    default: []
    }
  }

  fileprivate var commits: [WireCommit] {
    switch self {
    case .data(let data): data.commits
    case .returned(let returned): returned.commits
    default: []
    }
  }
}

/// A city over a store in memory, and the end of the line that its district holds.
private final class Parent {
  private let store = MemoryStore()
  private var core: CommandCore
  private var connection: UInt64 = 1
  private var now = Known.now

  init() throws {
    let epoch = Epoch(rawValue: 1)
    store.initialise(node: Known.here, epoch: epoch)
    try store.put(
      Neighbour(
        node: Known.below, relation: .child, level: .district,
        name: Label(zh: "区", en: "district"), jurisdiction: Known.district,
        publicKey: SimSigner.key(of: Known.below), since: Known.now))
    core = try CommandCore(
      store: store, signer: SimSigner(node: Known.here), verifier: SimVerifier(),
      vault: Vault(masterKey: [UInt8](repeating: 7, count: 32)),
      gate: PolicyGate(policy: .standard, own: Known.city), random: SeededRandom(seed: 1),
      instance: "city-1", settings: Self.settings)
    var outcome = CoreOutcome()
    try core.describeNode(now: now, store: store, outcome: &outcome)
    try core.seal(store: store)
    store.commit()
    try open()
  }

  private static let settings = CoreSettings(
    level: .city, name: Label(zh: "市", en: "city"), jurisdiction: Known.city,
    isDepartment: false, zoneOffset: 8 * 3600, handling: .test, limits: .test,
    calendar: .standard, classes: .none, acceptsOffers: true,
    selfPrincipal: Known.principal("system"))

  private func open() throws {
    _ = try core.linkOpened(Known.below, connection: connection, now: now, store: store)
    let hello = Frame.Hello(
      protocols: [1], node: Known.below, epoch: Epoch(rawValue: 2), instance: "district-1",
      applied: [], seq: 0, hash: .zero, restored: nil, time: now, software: "fuzz")
    _ = try core.receive(
      .hello(hello), from: Known.below, connection: connection, now: now, store: store)
    store.commit()
  }

  /// As the shell does: in a savepoint, rolled back when the frame is refused; then a new
  /// connection. What is due by time comes in between.
  func take(_ frame: Frame) throws {
    now = now + .seconds(3)
    let before = core
    let savepoint = store.savepoint
    let outcome = try taken {
      try core.receive(
        frame.sealed, from: Known.below, connection: connection, now: now, store: store)
    }
    if outcome == nil {
      core = before
      store.rollback(to: savepoint)
    }
    if core.links.sessions[Known.below]?.connection != connection {
      connection += 1
      try? open()
    }
    _ = try core.tickLinks(now: now, store: store)
    var due = CoreOutcome()
    try core.tickThings(now: now + .days(30), store: store, outcome: &due)
    try core.seal(store: store)
    store.commit()
    for case .send(_, _, let answer) in try core.pump(now: now, store: store) {
      try require(try Frame.decode(try answer.encoded()) != nil, "an answer that nobody reads")
    }
  }

  /// Nothing that the district says makes it the owner of what is not its own to have, and
  /// everything that was taken in can be read.
  func check() throws {
    for id in try store.events(after: 0, limit: 500).map(\.event.thing) {
      guard let record = try store.thing(id), id.kind == "inc" else { continue }
      try require(
        Known.city.covers(record.labels.jurisdiction), "\(id) of \(record.labels.jurisdiction)")
      if record.state != Array("{}".utf8) { _ = try Incident(record: record) }
    }
    _ = try core.links.status(store: store)
  }
}

extension Frame {
  /// The same with hashes and signatures that follow from the bytes, by the district's key.
  fileprivate var sealed: Frame {
    switch self {
    case .data(var data):
      data.commits += data.entries.indices.map { data.entries[$0].event.seal() }.compactMap(\.self)
      return .data(data)
    case .returned(var returned):
      returned.commits += returned.events.indices.map { returned.events[$0].event.seal() }
        .compactMap(\.self)
      return .returned(returned)
    default: return self
    }
  }
}

extension WireEvent {
  /// Hashes it anew. The commit that covers it; nil when its header cannot be read.
  fileprivate mutating func seal() -> WireCommit? {
    let headerBytes = Array(cbheader.utf8)
    cbhash = StoredEvent.hash(
      previous: cbprevious, headerBytes: headerBytes, body: Array(data.utf8),
      sealed: cbsealed.map { Array($0.utf8) } ?? [])
    guard let header = try? JSON.decode(EventHeader.self, from: headerBytes) else { return nil }
    id = header.id
    subject = header.thing
    type = Self.typePrefix + header.kind
    let signature = SimSigner.mac(
      CommitMark.message([cbhash]), key: SimSigner.key(of: header.id.node))
    return WireCommit(
      CommitMark(
        node: header.id.node, epoch: header.id.epoch, firstSeq: header.id.seq, hashes: [cbhash],
        signature: signature))
  }
}
