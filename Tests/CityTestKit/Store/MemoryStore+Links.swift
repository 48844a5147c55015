public import CityCore
import Journal
public import Linkage

extension MemoryStore {
  public func neighbours() throws -> [Neighbour] {
    tables.neighbours.values.sorted { $0.node < $1.node }
  }
  public func put(_ neighbour: Neighbour) throws {
    set(\.neighbours, neighbour.node, neighbour)
  }
  public func directory() throws -> [DirectoryEntry] {
    tables.directory.values.sorted { $0.description.node < $1.description.node }
  }
  public func put(_ entry: DirectoryEntry) throws {
    set(\.directory, entry.description.node, entry)
  }

  public func outbox(_ link: NodeID) throws -> OutboxCursor? { tables.outboxes[link] }
  public func putOutbox(_ link: NodeID, _ cursor: OutboxCursor) throws {
    let old = tables.outboxes[link]
    write({ $0.outboxes[link] = cursor }, undo: { $0.outboxes[link] = old })
  }
  public func append(_ release: Release, link: NodeID, epoch: Epoch) throws {
    let life = LifeKey(node: link, epoch: epoch)
    write(
      { $0.releases[life, default: []].append(release) },
      undo: { $0.releases[life]?.removeLast() })
  }
  public func releases(
    link: NodeID, epoch: Epoch, after linkSeq: Int64, limit: Int
  ) throws -> [Release] {
    // Numbers are contiguous from 1, so the place of a release is its number less one.
    guard let all = tables.releases[LifeKey(node: link, epoch: epoch)],
      linkSeq < Int64(all.count)
    else { return [] }
    let start = Int(max(0, linkSeq))
    return Array(all[start...].prefix(limit))
  }
  public func outgoing(
    link: NodeID, epoch: Epoch, after linkSeq: Int64, limit: Int
  ) throws -> [Outgoing] {
    try releases(link: link, epoch: epoch, after: linkSeq, limit: limit).map { release in
      let index = Int(release.position) - 1
      guard tables.events.indices.contains(index) else {
        throw Problem(.corrupted, "release \(release.linkSeq) to \(link) has no event")
      }
      let item = tables.events[index]
      return Outgoing(
        release: release, item: item,
        parties: tables.things[item.event.thing]?.labels.parties ?? [],
        releasedVersion: try releasedVersion(link: link, thing: item.event.thing))
    }
  }
  public func releasedVersion(link: NodeID, thing: ThingID) throws -> Int {
    if faults.skipsHistory { return max(0, (tables.things[thing]?.version ?? 0) - 1) }
    return tables.releasedVersions[LinkThing(link: link, thing: thing)] ?? 0
  }
  public func putReleasedVersion(link: NodeID, thing: ThingID, version: Int) throws {
    let key = LinkThing(link: link, thing: thing)
    let old = tables.releasedVersions[key]
    write({ $0.releasedVersions[key] = version }, undo: { $0.releasedVersions[key] = old })
  }

  public func inbox(_ link: NodeID, epoch: Epoch) throws -> Int64 {
    tables.inboxes[link]?.first { $0.epoch == epoch }?.through ?? 0
  }
  public func putInbox(_ link: NodeID, epoch: Epoch, through linkSeq: Int64) throws {
    var all = tables.inboxes[link] ?? []
    all.removeAll { $0.epoch == epoch }
    all.append(Frame.Cursor(epoch: epoch, through: linkSeq))
    if faults.makesInboxDurableEarly { return writeAtOnce { $0.inboxes[link] = all } }
    let old = tables.inboxes[link]
    write({ $0.inboxes[link] = all }, undo: { $0.inboxes[link] = old })
  }
  public func inboxes(_ link: NodeID) throws -> [(epoch: Epoch, through: Int64)] {
    (tables.inboxes[link] ?? []).map { ($0.epoch, $0.through) }
  }

  public func park(_ entry: ParkedEvent) throws {
    let thing = entry.event.thing
    set(\.parked, thing, (tables.parked[thing] ?? []) + [entry])
  }
  public func takeParked(thing: ThingID, version: Int) throws -> [ParkedEvent] {
    guard let all = tables.parked[thing] else { return [] }
    let taken = all.filter { $0.event.header.version == version }
    let kept = all.filter { $0.event.header.version != version }
    if !taken.isEmpty { set(\.parked, thing, kept.isEmpty ? nil : kept) }
    return taken
  }

  public func declinedTerm(_ thing: ThingID) throws -> Int {
    faults.forgetsDeclines ? 0 : tables.declined[thing] ?? 0
  }
  public func putDeclinedTerm(_ thing: ThingID, term: Int) throws {
    set(\.declined, thing, term)
  }

  public func quarantine() throws -> Quarantine? { tables.quarantine }
  public func putQuarantine(_ quarantine: Quarantine?) throws {
    let old = tables.quarantine
    write({ $0.quarantine = quarantine }, undo: { $0.quarantine = old })
  }
}
