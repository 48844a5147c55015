import CityCore
import Journal
import Linkage
import Operations

/// The promises, checked against the stores themselves. `docs/linkage-invariants.md` names them.
extension World {
  /// What must hold once everything has healed and drained.
  mutating func checkEnd() {
    for index in nodes.indices { checkAcknowledged(at: index, last: .max) }
    checkQuarantines()
    checkForks()
    checkChains()
    checkOnce()
    checkPolicy()
    checkConvergence()
    checkDecisions()
    checkDrained()
    checkErasures()
  }

  /// I1. At each commit: no two nodes are ever durable owners of a thing at the same term.
  mutating func checkOwners(at index: Int) {
    let node = nodes[index]
    for thing in node.store.touched {
      guard let record = node.store.tables.things[thing], record.owner == node.id else { continue }
      if let rival = owners[thing]?[record.term], rival != node.id {
        return fail("I1 \(thing) is owned by \(rival) and \(node.id) at term \(record.term)")
      }
      owners[thing, default: [:]][record.term] = node.id
    }
  }

  /// After a restore the node owns what its backup says, as far as anybody knows.
  mutating func forgetOwners(of index: Int, back tables: MemoryStore.Tables) {
    let node = nodes[index].id
    for thing in owners.keys { owners[thing] = owners[thing]?.filter { $0.value != node } }
    for (thing, record) in tables.things where record.owner == node {
      owners[thing, default: [:]][record.term] = node
    }
  }

  /// I2. What a client was told is in the journal of the node that told it, also after a crash.
  mutating func checkAcknowledged(at index: Int, last: Int) {
    let tables = nodes[index].store.tables
    for ack in nodes[index].acknowledged.suffix(last) {
      guard let at = tables.eventAt[ack.event], tables.events[at].event.hash == ack.hash else {
        return fail("I2 \(ack.event) was acknowledged by \(nodes[index].id) and is not there")
      }
    }
  }

  /// No event identity stands for two different events, and no version of a thing was written
  /// twice at one term.
  private mutating func checkForks() {
    var hashes: [EventID: Digest32] = [:]
    var versions: [String: EventID] = [:]
    for node in nodes {
      for item in node.store.tables.events {
        let header = item.event.header
        if let other = hashes[header.id], other != item.event.hash {
          return fail("I3 \(header.id) stands for two events")
        }
        hashes[header.id] = item.event.hash
        guard header.thing.kind != "adt" else { continue }
        let key = "\(header.thing)/\(header.version)/\(header.term)"
        if let other = versions[key], other != header.id {
          return fail("I4 \(key) was written as \(other) and as \(header.id)")
        }
        versions[key] = header.id
      }
    }
  }

  /// Every node's present chain verifies.
  private mutating func checkChains() {
    for node in nodes {
      guard let head = node.store.tables.head else { continue }
      var verifier = JournalVerifier(
        node: node.id, epoch: head.epoch, publicKey: SimSigner.key(of: node.id),
        verifier: SimVerifier())
      do {
        for item in try node.store.events(
          node: node.id, epoch: head.epoch, after: 0, limit: .max)
        {
          try verifier.check(item.event) { try node.store.commit(containing: $0) }
        }
      } catch {
        return fail("I5 \(node.id): \(error)")
      }
      verifier.finish(head: head)
      if let finding = verifier.findings.first {
        return fail("I5 \(node.id): \(finding.event) \(finding.kind): \(finding.detail)")
      }
    }
  }

  /// Nothing was stored twice.
  private mutating func checkOnce() {
    for node in nodes {
      var seen: Set<EventID> = []
      for item in node.store.tables.events where !seen.insert(item.event.id).inserted {
        return fail("I6 \(node.id) stored \(item.event.id) twice")
      }
    }
  }

  /// A node holds foreign things only when it is a party, above one, or subscribed by policy.
  private mutating func checkPolicy() {
    for node in nodes {
      for (thing, record) in node.store.tables.things.sorted(by: { $0.key < $1.key })
      where record.owner != node.id && thing.kind != "nod" {
        let parties = record.labels.parties
        let isBelow = node.jurisdiction.covers(record.labels.jurisdiction)
        guard isBelow || parties.contains(node.id) || thing.kind == "dir" else {
          return fail("I7 \(node.id) holds \(thing), which is not for it")
        }
      }
    }
  }

  /// Every party of a thing holds what its owner holds.
  private mutating func checkConvergence() {
    for thing in things {
      let holders = nodes.compactMap { node in
        node.store.tables.things[thing].map { (node, $0) }
      }
      guard
        let owner = holders.filter({ $0.1.owner == $0.0.id }).max(by: { $0.1.term < $1.1.term })
      else {
        if holders.isEmpty || nodes.contains(where: \.restored) { continue }
        return fail("I8 \(thing) has no owner")
      }
      for party in owner.1.labels.parties where party != owner.0.id {
        guard let index = indexOf[party] else { continue }
        let held = nodes[index].store.tables.things[thing]
        guard held?.version == owner.1.version, held?.lastEvent == owner.1.lastEvent else {
          return fail(
            "I9 \(party) holds \(thing) v\(held?.version ?? 0) by \(String(describing: held?.lastEvent)), its owner \(owner.0.id) v\(owner.1.version) by \(owner.1.lastEvent)"
          )
        }
        guard held?.state == owner.1.state, held?.owner == owner.0.id else {
          return fail("I10 \(party) folds \(thing) otherwise than \(owner.0.id)")
        }
      }
    }
  }

  private mutating func checkQuarantines() {
    for node in nodes where node.store.tables.quarantine != nil {
      return fail("I11 \(node.id) is still quarantined though every neighbour is there")
    }
    for wire in wires where wire.connection == nil {
      return fail("I12 the link \(wire.child) - \(wire.parent) does not come back")
    }
  }

  /// I13. What a node decided counts: no acknowledged event of a node that was never restored loses
  /// its version, unless the thing was forfeited by declaration, or it is an erasure that could not
  /// wait for the answer to an offer; its new owner repeats that.
  private mutating func checkDecisions() {
    let forfeited = forfeited
    for node in nodes where !node.restored {
      for ack in node.acknowledged {
        guard let at = node.store.tables.eventAt[ack.event] else { continue }
        let header = node.store.tables.events[at].event.header
        guard header.thing.kind != "adt", !forfeited.contains(header.thing),
          header.kind != Vault.redactedKind
        else { continue }
        let rivals = (node.store.tables.byThing[header.thing] ?? []).filter {
          node.store.tables.events[$0].event.header.version == header.version
            && node.store.tables.events[$0].event.kind != Vault.redactedKind
        }
        if rivals.count > 1,
          !rivals.allSatisfy({ isOfRestored(node.store.tables.events[$0]) || $0 == at })
        {
          return fail("I13 \(header.id), version \(header.version) of \(header.thing), has a rival")
        }
      }
    }
  }

  private func isOfRestored(_ item: PositionedEvent) -> Bool {
    indexOf[item.event.id.node].map { nodes[$0].restored } ?? false
  }

  /// Things that somebody forfeited.
  private var forfeited: Set<ThingID> {
    var found: Set<ThingID> = []
    for node in nodes {
      for item in node.store.tables.events where item.event.kind == CustodyEvent.forfeitedKind {
        found.insert(item.event.thing)
      }
    }
    return found
  }

  /// I18. What was erased of a person from a thing is nowhere any more.
  private mutating func checkErasures() {
    var erased: [ThingID: [(body: [UInt8], by: EventID)]] = [:]
    for node in nodes {
      for item in node.store.tables.events where item.event.kind == Vault.redactedKind {
        erased[item.event.thing, default: []].append((item.event.body, item.event.id))
      }
    }
    guard !erased.isEmpty else { return }
    for node in nodes {
      for row in node.store.tables.vault.values.sorted(by: { $0.ref < $1.ref }) {
        let body = Array("{\"subject\":\"\(row.subject)\"}".utf8)
        if let event = erased[row.thing]?.first(where: { $0.body == body }) {
          return fail("I18 \(node.id) holds what \(event.by) erased")
        }
      }
    }
  }

  /// I14, I15. Nothing waits for an earlier version that anybody has, and nothing is left to send.
  private mutating func checkDrained() {
    for node in nodes {
      let waiting = node.store.tables.parked.filter { thing, events in
        let known = node.store.tables.things[thing]
        let next = (known?.version ?? 0) + 1
        return events.contains { $0.event.header.term >= known?.term ?? 0 }
          && (!nodes.contains(where: \.restored) || isAnywhere(next, of: thing))
      }
      if let thing = waiting.keys.sorted().first {
        return fail("I14 \(node.id) still waits for a version of \(thing)")
      }
      for (link, cursor) in node.store.tables.outboxes.sorted(by: { $0.key < $1.key })
      where cursor.acknowledged != cursor.released {
        return fail(
          "I15 \(node.id) sent \(link) \(cursor.released), it holds \(cursor.acknowledged)")
      }
    }
  }

  /// Whether any node holds that version of a thing, folded or not.
  private func isAnywhere(_ version: Int, of thing: ThingID) -> Bool {
    nodes.contains { node in
      (node.store.tables.byThing[thing] ?? []).contains {
        node.store.tables.events[$0].event.header.version == version
      }
    }
  }
}
