import CityCore
public import Journal
public import Linkage

extension StoreContract {
  /// The links: neighbours, releases, inboxes, parked events, quarantine.
  /// - Parameter store: also a journal, for releases speak of its events.
  /// - Throws: ``ContractBreach``.
  public static func links(_ store: any LinkStore & JournalStore) throws {
    let samples = try ContractSamples()
    try neighbours(store, samples)
    try releases(store, samples)
    try inboxes(store, samples)
    try parked(store, samples)
    try quarantine(store, samples)
  }

  private static func neighbours(_ store: any LinkStore, _ samples: ContractSamples) throws {
    func neighbour(_ node: NodeID) throws -> Neighbour {
      Neighbour(
        node: node, relation: .child, level: .street, name: Label(zh: "东街道", en: "East"),
        jurisdiction: try samples.code("330106001"), publicKey: [UInt8](repeating: 7, count: 32),
        certificate: "0a", address: "wss://127.0.0.1:7401", since: samples.noon)
    }
    var other = try neighbour(samples.other)
    let node = try neighbour(samples.node)
    try store.put(node)
    try store.put(other)
    other.standing = .revoked
    try store.put(other)
    try expect("neighbours come by id, as put last", try store.neighbours(), is: [other, node])

    let entries = try [samples.node, samples.other].map {
      DirectoryEntry(
        description: NodeDescription(
          node: $0, level: .street, name: Label(zh: "东", en: "E"),
          jurisdiction: try samples.code("330106001"), isDepartment: false, key: "00",
          zoneOffset: 28_800), via: samples.other)
    }
    for entry in entries { try store.put(entry) }
    try expect("the directory comes by id", try store.directory(), is: entries.reversed())
  }

  private static func releases(
    _ store: any LinkStore & JournalStore, _ samples: ContractSamples
  ) throws {
    let link = samples.other
    try expect("a link that never sent has no cursor", try store.outbox(link), is: nil)
    let cursor = OutboxCursor(epoch: samples.epoch, released: 5, acknowledged: 2)
    try store.putOutbox(link, OutboxCursor(epoch: Epoch(rawValue: 1)))
    try store.putOutbox(link, cursor)
    try expect("the outbox is what was put last", try store.outbox(link), is: cursor)

    var releases: [Release] = []
    for number in 1...5 {
      let event = try samples.event(
        Int64(1_000 + number), of: try samples.thing(70), version: number)
      let release = Release(
        linkSeq: Int64(number), position: try store.append(event, arrival: nil),
        policyVersion: 3, withSealed: number.isMultiple(of: 2))
      releases.append(release)
      try store.append(release, link: link, epoch: samples.epoch)
    }
    try expect(
      "releases come in order after a number",
      try store.releases(link: link, epoch: samples.epoch, after: 2, limit: 2),
      is: Array(releases[2...3]))
    try expect("those of another epoch or link are others") {
      try store.releases(link: link, epoch: Epoch(rawValue: 1), after: 0, limit: 9).isEmpty
        && store.releases(link: samples.node, epoch: samples.epoch, after: 0, limit: 9).isEmpty
        && store.releases(link: link, epoch: samples.epoch, after: 5, limit: 9).isEmpty
    }
    let thing = try samples.thing(70)
    try expect(
      "nothing was released of a new thing",
      try store.releasedVersion(link: link, thing: thing), is: 0)
    try store.putReleasedVersion(link: link, thing: thing, version: 3)
    try store.putReleasedVersion(link: link, thing: thing, version: 4)
    var record = try samples.record(70)
    record.labels.parties = [samples.node, link]
    try store.put(record)
    try expect(
      "the released version is what was put last",
      try store.releasedVersion(link: link, thing: thing), is: 4)
    try expect(
      "what goes out comes with its event and with what was given",
      try store.outgoing(link: link, epoch: samples.epoch, after: 2, limit: 2),
      is: try releases[2...3].map { release in
        Outgoing(
          release: release,
          item: try ContractSamples.found(
            store.events(after: release.position - 1, limit: 1).first),
          parties: [samples.node, link], releasedVersion: 4)
      })
    try expect("and what goes nowhere does not come") {
      try store.outgoing(link: link, epoch: Epoch(rawValue: 1), after: 0, limit: 9).isEmpty
        && store.outgoing(link: link, epoch: samples.epoch, after: 5, limit: 9).isEmpty
    }
    try expect(
      "it is the link's own", try store.releasedVersion(link: samples.node, thing: thing), is: 0)
  }

  private static func inboxes(_ store: any LinkStore, _ samples: ContractSamples) throws {
    let link = samples.other
    let epochs = [Epoch(rawValue: 1), Epoch(rawValue: .max)]
    try expect("nothing was applied at first", try store.inbox(link, epoch: epochs[0]), is: 0)
    try store.putInbox(link, epoch: epochs[0], through: 4)
    try store.putInbox(link, epoch: epochs[1], through: 5)
    try store.putInbox(link, epoch: epochs[0], through: 6)
    try expect("an inbox is where it was put", try store.inbox(link, epoch: epochs[0]), is: 6)
    let all = try store.inboxes(link).sorted { $0.epoch < $1.epoch }
    try expect("every epoch has its inbox", all.map(\.epoch), is: epochs)
    try expect("with how far", all.map(\.through), is: [6, 5])
  }

  private static func parked(_ store: any LinkStore, _ samples: ContractSamples) throws {
    let thing = try samples.thing(80)
    func entry(_ seq: Int64, _ version: Int) throws -> ParkedEvent {
      ParkedEvent(
        event: try samples.event(seq, of: thing, version: version, by: samples.other),
        arrival: samples.arrival(Int(seq)))
    }
    let entries = [try entry(21, 3), try entry(22, 3), try entry(23, 4)]
    for entry in entries { try store.park(entry) }
    try expect(
      "parked events are taken by version", try store.takeParked(thing: thing, version: 3),
      is: Array(entries[0...1]))
    try expect(
      "and only once", try store.takeParked(thing: thing, version: 3), is: [])
    try expect(
      "others wait on", try store.takeParked(thing: thing, version: 4), is: [entries[2]])

    try expect("no term was declined at first", try store.declinedTerm(thing), is: 0)
    try store.putDeclinedTerm(thing, term: 2)
    try store.putDeclinedTerm(thing, term: 3)
    try expect("a declined term is kept", try store.declinedTerm(thing), is: 3)
  }

  private static func quarantine(_ store: any LinkStore, _ samples: ContractSamples) throws {
    try expect("a node is not quarantined at first", try store.quarantine(), is: nil)
    let quarantine = Quarantine(
      lostEpoch: samples.epoch, keptThrough: 12, waitingFor: [samples.other])
    try store.putQuarantine(quarantine)
    try expect("a quarantine is kept", try store.quarantine(), is: quarantine)
    try store.putQuarantine(nil)
    try expect("and ends", try store.quarantine(), is: nil)
  }
}
