import CityCore
import Journal
import Linkage
import Operations

/// The promises, checked against the stores themselves. `docs/linkage-invariants.md` names them.
extension World {
  /// What must hold after every step.
  mutating func checkStep() {
    checkOwners()
    checkAcknowledged()
  }

  /// What must hold once everything has healed and drained.
  mutating func checkEnd() {
    checkOwners()
    checkForks()
    checkChains()
    checkOnce()
    checkPolicy()
    checkConvergence()
    checkQuarantines()
  }

  /// A thing has one owner: no two nodes hold it as theirs at the same term.
  private mutating func checkOwners() {
    var seen: [ThingID: [(NodeID, Int)]] = [:]
    for node in nodes {
      for thing in things {
        guard let record = node.store.durable.things[thing], record.owner == node.id else {
          continue
        }
        if let rival = seen[thing]?.first(where: { $0.1 == record.term }) {
          return fail("I1 \(thing) is owned by \(rival.0) and \(node.id) at term \(record.term)")
        }
        seen[thing, default: []].append((node.id, record.term))
      }
    }
  }

  /// What a client was told is in the journal of the node that told it.
  private mutating func checkAcknowledged() {
    for node in nodes {
      guard let all = acknowledged[node.id] else { continue }
      for ack in all.suffix(12) {
        guard let at = node.store.durable.eventAt[ack.event],
          node.store.durable.events[at].event.hash == ack.hash
        else { return fail("I2 \(ack.event) was acknowledged by \(node.id) and is not there") }
      }
    }
  }

  /// No event identity stands for two different events, and no version of a thing was written
  /// twice at one term.
  private mutating func checkForks() {
    var hashes: [EventID: Digest32] = [:]
    var versions: [String: EventID] = [:]
    for node in nodes {
      for item in node.store.durable.events {
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
      guard let head = node.store.durable.head else { continue }
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
      for item in node.store.durable.events where !seen.insert(item.event.id).inserted {
        return fail("I6 \(node.id) stored \(item.event.id) twice")
      }
    }
  }

  /// A node holds foreign things only when it is a party, above one, or subscribed by policy.
  private mutating func checkPolicy() {
    for node in nodes {
      for (thing, record) in node.store.durable.things.sorted(by: { $0.key < $1.key })
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
        node.store.durable.things[thing].map { (node, $0) }
      }
      guard
        let owner = holders.filter({ $0.1.owner == $0.0.id }).max(by: { $0.1.term < $1.1.term })
      else {
        if holders.isEmpty || nodes.contains(where: \.restored) { continue }
        return fail("I8 \(thing) has no owner")
      }
      for party in owner.1.labels.parties where party != owner.0.id {
        guard let index = indexOf[party] else { continue }
        let held = nodes[index].store.durable.things[thing]
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
    for node in nodes where node.store.durable.quarantine != nil {
      return fail("I11 \(node.id) is still quarantined though every neighbour is there")
    }
    for wire in wires where wire.connection == nil {
      return fail("I12 the link \(wire.child) - \(wire.parent) does not come back")
    }
  }
}
