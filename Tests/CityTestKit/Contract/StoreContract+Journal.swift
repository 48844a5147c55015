import CityCore
public import Journal

extension StoreContract {
  /// The journal: head, events, commits, things, cursors, idempotency, vault.
  /// - Throws: ``ContractBreach``.
  public static func journal(_ store: any JournalStore) throws {
    let samples = try ContractSamples()
    try head(store, samples)
    try events(store, samples)
    try commits(store, samples)
    try things(store, samples)
    try cursors(store, samples)
    try vault(store, samples)
  }

  private static func head(_ store: any JournalStore, _ samples: ContractSamples) throws {
    let head = JournalHead(
      node: samples.node, epoch: samples.epoch, seq: 42, hash: try samples.digest(1),
      time: HybridTime(milliseconds: 5, counter: .max))
    try store.putHead(head)
    try expect("the head is what was put last", try store.journalHead(), is: head)
  }

  private static func events(_ store: any JournalStore, _ samples: ContractSamples) throws {
    let base = try store.lastPosition()
    let (a, b) = (try samples.thing(1), try samples.thing(2))
    var stored: [PositionedEvent] = []
    func append(_ event: StoredEvent, _ arrival: Arrival?) throws {
      let position = try store.append(event, arrival: arrival)
      stored.append(PositionedEvent(position: position, event: event, arrival: arrival))
    }
    try append(try samples.event(1, of: a, version: 1), nil)
    try append(try samples.event(2, of: b, version: 1), nil)
    try append(try samples.event(9, of: a, version: 3, by: samples.other), samples.arrival(1))
    try append(try samples.event(3, of: a, version: 2), nil)
    try append(
      try samples.event(10, of: a, version: 2, term: 2, by: samples.other), samples.arrival(2))
    try expect(
      "positions count on without gaps", stored.map(\.position),
      is: (1...5).map { base + Int64($0) })
    try expect("the last position is the last event's", try store.lastPosition(), is: base + 5)
    for item in stored {
      try expect(
        "an event comes back by its id, byte by byte", try store.event(item.event.id), is: item)
    }
    try expect("an unknown event is nil") {
      try store.event(EventID(node: samples.other, epoch: samples.epoch, seq: 999)) == nil
        && store.event(
          EventID(node: samples.node, epoch: Epoch(rawValue: 1), seq: 1)) == nil
    }
    try expect(
      "a thing's events come by version, rivals by position",
      try store.events(of: a, versions: 1...Int.max),
      is: [stored[0], stored[3], stored[4], stored[2]])
    try expect(
      "versions can be asked for", try store.events(of: a, versions: 2...2),
      is: [stored[3], stored[4]])
    try expect(
      "the newest version alone too", try store.events(of: b, versions: 1...1), is: [stored[1]])
    try expect(
      "events after a position come in order", try store.events(after: base + 1, limit: 3),
      is: Array(stored[1...3]))
    try expect("after the last there is nothing") {
      try store.events(after: base + 5, limit: 3).isEmpty
        && store.events(after: base, limit: 0).isEmpty
    }
    try expect(
      "a writer's events come by number",
      try store.events(node: samples.node, epoch: samples.epoch, after: 1, limit: 10),
      is: [stored[1], stored[3]])
    try expect(
      "and as many as are wanted",
      try store.events(node: samples.other, epoch: samples.epoch, after: 0, limit: 1),
      is: [stored[2]])
  }

  private static func commits(_ store: any JournalStore, _ samples: ContractSamples) throws {
    let first = CommitMark(
      node: samples.other, epoch: samples.epoch, firstSeq: 1,
      hashes: try (0..<3).map(samples.digest), signature: [1, 2, 3])
    let second = CommitMark(
      node: samples.other, epoch: samples.epoch, firstSeq: 4, hashes: [try samples.digest(9)],
      signature: [4])
    try store.putCommit(first)
    try store.putCommit(second)
    func found(_ seq: Int64) throws -> CommitMark? {
      try store.commit(
        containing: EventID(node: samples.other, epoch: samples.epoch, seq: seq))
    }
    try expect("the commit of its first event is found", try found(1), is: first)
    try expect("the commit of its last event is found", try found(3), is: first)
    try expect("the next commit is another one", try found(4), is: second)
    try expect("an event after all commits has none", try found(5), is: nil)
    try expect("another epoch has none") {
      try store.commit(
        containing: EventID(node: samples.other, epoch: Epoch(rawValue: 3), seq: 1)) == nil
    }
  }

  private static func things(_ store: any JournalStore, _ samples: ContractSamples) throws {
    let ids = 50..<59
    try expect("a thing that was never put is nil") {
      try store.thing(samples.thing(50)) == nil
    }
    for number in ids { try store.put(try samples.record(number)) }
    for number in ids {
      try expect(
        "a thing comes back as it was put", try store.thing(try samples.thing(number)),
        is: try samples.record(number))
    }
    // Every part of a record can change.
    var changed = try samples.record(51)
    for step in 0..<5 {
      changed.version += 1
      changed.state = Array(#"{"step":\#(step)}"#.utf8)
      switch step {
      case 1: changed.index.stage = "check"
      case 2: changed.labels.grade = .red
      case 3: (changed.owner, changed.offeredTo, changed.term) = (samples.other, nil, 5)
      case 4:
        changed.index = try samples.index(52, isOpen: false)
        changed.index.title = "another title"
      default: break
      }
      try store.put(changed)
      try expect("a change of a thing is kept", try store.thing(changed.id), is: changed)
    }
    try expect(
      "things that are offered to a node come by id",
      try store.things(offeredTo: samples.other, limit: 10).map(\.id),
      is: [try samples.thing(52), try samples.thing(56)])
    try expect(
      "and as many as are wanted",
      try store.things(offeredTo: samples.other, limit: 1).map(\.id), is: [try samples.thing(52)])
  }

  private static func cursors(_ store: any JournalStore, _ samples: ContractSamples) throws {
    try expect("a cursor begins at 0", try store.cursor("new"), is: 0)
    try store.putCursor("new", 7)
    try store.putCursor("new", 9)
    try expect("a cursor is where it was put last", try store.cursor("new"), is: 9)

    let record = IdempotencyRecord(
      key: "usr_wang/1", fingerprint: try samples.digest(4), status: 201,
      response: Array("{}".utf8), expires: samples.noon)
    try expect("an unused key has no answer", try store.idempotency(record.key), is: nil)
    try store.putIdempotency(record)
    try expect("an answer is kept by its key", try store.idempotency(record.key), is: record)
  }

  private static func vault(_ store: any JournalStore, _ samples: ContractSamples) throws {
    let (wang, li) = (try samples.principal("sub_wang"), try samples.principal("sub_li"))
    let rows = try [(wang, 1), (wang, 2), (wang, 1), (li, 3)].enumerated().map {
      VaultRow(
        ref: "vlt-\($0)", subject: $1.0, thing: try samples.thing($1.1), salt: [1, UInt8($0)],
        ciphertext: [9, 8, 7])
    }
    try store.putSubjectKey(wang, wrapped: [1])
    try store.putSubjectKey(li, wrapped: [2])
    for row in rows { try store.putVault(row) }
    try expect("a vault row comes back", try store.vault("vlt-1"), is: rows[1])
    try expect(
      "erasing names the things, each once", try store.eraseSubject(wang),
      is: [try samples.thing(1), try samples.thing(2)])
    try expect("rows and key of an erased subject are gone") {
      try store.subjectKey(wang) == nil && store.vault("vlt-0") == nil
        && store.vault("vlt-1") == nil
    }
    try expect("those of others stay") {
      try store.subjectKey(li) == [2] && store.vault("vlt-3") == rows[3]
    }
    try expect("erasing again finds nothing", try store.eraseSubject(wang), is: [])
  }
}
