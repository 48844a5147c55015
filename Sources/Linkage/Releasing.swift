public import CityCore
public import Journal

extension LinkEngine {
  /// Puts newly stored events, own and foreign, on the links they are for. Runs in the transaction
  /// that stored them: what is in the journal is in the outbox.
  ///
  /// A thing is released as a whole, in version order: a neighbour that is to see version 7 for the
  /// first time is given 1 to 6 before it, so a gap in versions is never policy.
  public mutating func release(
    _ events: [PositionedEvent], store: any JournalStore & LinkStore
  ) throws {
    guard !neighbours.isEmpty, !events.isEmpty else { return }
    let epoch = try store.journalHead().epoch
    for neighbour in neighbours where neighbour.standing == .active {
      var cursor: OutboxCursor?
      for positioned in events {
        let thing = positioned.event.thing
        // Most events are for few neighbours: what would not go even to who follows the thing needs
        // no look at what was given.
        guard self.verdict(for: positioned, neighbour: neighbour, follows: true).isReleased else {
          continue
        }
        var released = try store.releasedVersion(link: neighbour.node, thing: thing)
        let verdict = self.verdict(for: positioned, neighbour: neighbour, follows: released > 0)
        guard verdict.isReleased else { continue }
        let version = positioned.event.header.version
        var batch: [PositionedEvent] = []
        if version > released {
          if released > 0, try becomesAddressed(positioned.event, neighbour.node, store: store) {
            // What it was given by rule alone it may have refused: history comes once again.
            released = 0
          }
          batch = try store.events(of: thing, versions: (released + 1)...version)
          try store.putReleasedVersion(link: neighbour.node, thing: thing, version: version)
        } else {
          // A rival for a version that was released already: the other side settles it as we did.
          batch = [positioned]
        }
        batch = try introductions(to: batch, for: neighbour.node, store: store) + batch
        for item in batch where item.arrival?.via != neighbour.node {
          var next = try cursor ?? outbox(neighbour.node, epoch: epoch, store: store)
          next.released += 1
          try store.append(
            Release(
              linkSeq: next.released, position: item.position, policyVersion: gate.version,
              withSealed: verdict == .full), link: neighbour.node, epoch: epoch)
          cursor = next
        }
      }
      if let cursor {
        try store.putOutbox(neighbour.node, cursor)
        stirred.insert(neighbour.node)
      }
    }
  }

  /// The descriptions of writers that a neighbour would not otherwise know: without their keys it
  /// could not check what they wrote.
  private func introductions(
    to batch: [PositionedEvent], for link: NodeID, store: any JournalStore & LinkStore
  ) throws -> [PositionedEvent] {
    var needed: [NodeID] = []
    for item in batch where item.event.thing.kind != NodeDescription.thingKind {
      let writer = item.event.id.node
      if writer != node, writer != link, route(to: writer) != link, !needed.contains(writer) {
        needed.append(writer)
      }
    }
    return try needed.flatMap { writer -> [PositionedEvent] in
      guard let thing = NodeDescription.thing(for: writer),
        try store.releasedVersion(link: link, thing: thing) == 0
      else { return [] }
      let described = try store.events(of: thing, versions: 1...Int.max)
      if let last = described.last {
        try store.putReleasedVersion(
          link: link, thing: thing, version: last.event.header.version)
      }
      return described
    }
  }

  /// Whether, and how, an event goes over a link.
  func verdict(
    for positioned: PositionedEvent, neighbour: Neighbour, follows: Bool
  ) -> ReleaseVerdict {
    let header = positioned.event.header
    if header.thing.kind == NodeDescription.thingKind {
      return describes(header, to: neighbour) ? .full : .withheld(reason: "not for this neighbour")
    }
    let addressed = isAddressed(header.labels.parties, through: neighbour.node)
    return gate.verdict(
      kind: Self.policyKind(header), labels: header.labels, neighbour: neighbour,
      direction: .outgoing,
      addressed: addressed, follows: follows)
  }

  /// Whether a party behind the link joins the thing with this event.
  private func becomesAddressed(
    _ event: StoredEvent, _ link: NodeID, store: any JournalStore
  ) throws -> Bool {
    guard isAddressed(event.header.labels.parties, through: link), event.header.version > 1 else {
      return false
    }
    let version = event.header.version - 1
    let before = try store.events(of: event.thing, versions: version...version)
    return !before.contains { isAddressed($0.event.header.labels.parties, through: link) }
  }

  func isAddressed(_ parties: [NodeID], through link: NodeID) -> Bool {
    parties.contains { $0 != node && route(to: $0) == link }
  }

  /// Hand-overs and erasures are the same for all kinds of things; policy speaks of the kind of
  /// thing, so that who follows a case also sees whose it is, and what of it must be forgotten.
  public static func policyKind(_ header: EventHeader) -> String {
    guard header.kind.hasPrefix("handover.") || header.kind == Vault.redactedKind,
      let domain = domains[header.thing.kind]
    else { return header.kind }
    return "\(domain).\(header.kind)"
  }

  private static let domains = [
    "inc": "incident", "tsk": "task", "ord": "order", "wrn": "warning", "dir": "directive",
  ]

  /// The directory goes up whole; down and sideways go only this node and those above it, so that
  /// a street learns nothing of another street.
  private func describes(_ header: EventHeader, to neighbour: Neighbour) -> Bool {
    let subject = header.id.node
    if subject == neighbour.node { return false }
    switch neighbour.relation {
    case .parent: return route(to: subject) != neighbour.node
    case .child, .department, .neighbour:
      return subject == node || (parent != nil && route(to: subject) == parent?.node)
    }
  }

  /// The outbox of a link in our present epoch.
  func outbox(
    _ link: NodeID, epoch: Epoch, store: any LinkStore
  ) throws -> OutboxCursor {
    if let cursor = try store.outbox(link), cursor.epoch == epoch { return cursor }
    return OutboxCursor(epoch: epoch)
  }

  /// Gives a new neighbour everything that is for it already.
  public mutating func releaseHistory(
    to neighbour: NodeID, store: any JournalStore & LinkStore
  ) throws {
    let all = neighbours
    neighbours = all.filter { $0.node == neighbour }
    defer { neighbours = all }
    var position: Int64 = 0
    while true {
      let batch = try store.events(after: position, limit: 500)
      guard let last = batch.last else { return }
      try release(batch, store: store)
      position = last.position
    }
  }

  /// A restored neighbour that holds nothing of our present life may have lost what it acknowledged
  /// in an earlier one, whose numbers mean nothing any more: everything it was ever given goes out
  /// once again, in order.
  mutating func resupply(_ link: NodeID, store: any JournalStore & LinkStore) throws {
    let epoch = try store.journalHead().epoch
    guard let first = try store.events(after: 0, limit: 1).first, first.event.id.epoch != epoch,
      let neighbour = neighbourByID[link]
    else { return }
    var supply: [Release] = []
    var position: Int64 = 0
    while true {
      let batch = try store.events(after: position, limit: 500)
      guard let last = batch.last else { break }
      position = last.position
      for item in batch where item.arrival?.via != link {
        let given = try store.releasedVersion(link: link, thing: item.event.thing)
        guard given >= item.event.header.version else { continue }
        let verdict = verdict(for: item, neighbour: neighbour, follows: true)
        supply.append(
          Release(
            linkSeq: 0, position: item.position, policyVersion: gate.version,
            withSealed: verdict == .full))
      }
    }
    var cursor = try outbox(link, epoch: epoch, store: store)
    // It may have asked before, and been cut off before it could acknowledge any of it.
    let numbered = try store.releases(
      link: link, epoch: epoch, after: max(0, cursor.released - Int64(supply.count)),
      limit: supply.count)
    guard numbered.map(\.position) != supply.map(\.position) else { return }
    for var release in supply {
      cursor.released += 1
      release.linkSeq = cursor.released
      try store.append(release, link: link, epoch: epoch)
    }
    try store.putOutbox(link, cursor)
  }

  /// After a restore, in the new epoch: what the neighbours had not acknowledged when the backup
  /// was taken is numbered anew. Duplicates are harmless. The descriptions of all writers go first:
  /// a neighbour that was restored too may have lost them, and would refuse what follows.
  public mutating func rebase(store: any JournalStore & LinkStore) throws {
    let epoch = try store.journalHead().epoch
    for neighbour in neighbours {
      guard let old = try store.outbox(neighbour.node), old.epoch != epoch else { continue }
      var next = OutboxCursor(epoch: epoch)
      for item in try describing(to: neighbour.node, store: store) {
        next.released += 1
        try store.append(
          Release(
            linkSeq: next.released, position: item.position, policyVersion: gate.version,
            withSealed: true), link: neighbour.node, epoch: epoch)
      }
      var from = old.acknowledged
      while true {
        let batch = try store.releases(
          link: neighbour.node, epoch: old.epoch, after: from, limit: 500)
        guard let last = batch.last else { break }
        for var release in batch {
          next.released += 1
          release.linkSeq = next.released
          try store.append(release, link: neighbour.node, epoch: epoch)
        }
        from = last.linkSeq
      }
      try store.putOutbox(neighbour.node, next)
    }
  }
}

extension LinkEngine {
  /// The descriptions of nodes that a link was given, in local order.
  private func describing(
    to link: NodeID, store: any JournalStore & LinkStore
  ) throws -> [PositionedEvent] {
    let known = [node] + neighbours.map(\.node) + directory.map(\.description.node)
    return try known.flatMap { writer -> [PositionedEvent] in
      guard let thing = NodeDescription.thing(for: writer) else { return [] }
      let given = try store.releasedVersion(link: link, thing: thing)
      guard given > 0 else { return [] }
      return try store.events(of: thing, versions: 1...given).filter { $0.arrival?.via != link }
    }.sorted { $0.position < $1.position }
  }
}

extension NodeDescription {
  /// Kind prefix of the thing that describes a node.
  public static let thingKind = "nod"
  public static let eventKind = "node.described"
  /// The thing that describes `node`.
  public static func thing(for node: NodeID) -> ThingID? {
    ThingID(kind: thingKind, key: node.rawValue)
  }
}
