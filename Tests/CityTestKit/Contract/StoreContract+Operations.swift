import CityCore
public import Devices
public import Journal
public import Operations

extension StoreContract {
  /// What operations need: evidence, messages, invitations, documents, lists of things.
  /// - Parameter store: also a journal whose head is that of ``ContractSamples``' node.
  /// - Throws: ``ContractBreach``.
  public static func operations(_ store: any OperationsStore & JournalStore) throws {
    let samples = try ContractSamples()
    try evidence(store, samples)
    try messages(store, samples)
    try invitations(store, samples)
    try pruning(store, samples)
    try lists(store, samples)
  }

  private static func evidence(
    _ store: any OperationsStore, _ samples: ContractSamples
  ) throws {
    let hash = try samples.digest(7)
    func record(_ thing: Int, present: Int64) throws -> EvidenceRecord {
      EvidenceRecord(
        sha256: hash, thing: try samples.thing(thing, kind: "tsk"), name: "照片.jpg",
        mediaType: "image/jpeg", size: 300, added: samples.noon,
        by: try samples.principal("usr_li"), present: present)
    }
    try expect("unknown evidence has no record", try store.evidence(hash), is: [])
    try store.put(try record(2, present: 0))
    try store.put(try record(1, present: 0))
    try store.put(try record(2, present: 300))
    try expect(
      "one file may belong to several things", try store.evidence(hash),
      is: [try record(1, present: 0), try record(2, present: 300)])
  }

  private static func messages(
    _ store: any OperationsStore, _ samples: ContractSamples
  ) throws {
    var hook = WebhookRecord(
      id: "whk_1", url: "https://example.org/", secret: "s", kinds: ["warning."],
      jurisdiction: try samples.code("330106"), minimumGrade: .orange, created: samples.noon,
      cursor: 3)
    try store.put(hook)
    hook.cursor = 9
    try store.put(hook)
    try expect("a webhook is what was put last", try store.webhooks(), is: [hook])
    try store.deleteWebhook(hook.id)
    try store.deleteWebhook("whk_none")
    try expect("and goes", try store.webhooks(), is: [])

    func message(_ number: Int, next: Int64) throws -> OutboundMessage {
      let label = Label(zh: "红色预警", en: "Red warning")
      return OutboundMessage(
        id: "tsk_\(number)/1", thing: try samples.thing(number), grade: .red, subject: label,
        text: label, queued: samples.noon, nextAttempt: samples.noon + .seconds(next))
    }
    var first = try message(1, next: 10)
    let second = try message(2, next: 5)
    try store.enqueue(first)
    try store.enqueue(second)
    try store.enqueue(try message(3, next: 100))
    try store.enqueue(try message(1, next: 0))
    let due = samples.noon + .seconds(50)
    try expect(
      "what is due comes by time; a known id was not queued again",
      try store.outbound(dueBy: due, limit: 10), is: [second, first])
    first.attempts = 1
    first.nextAttempt = samples.noon + .seconds(1)
    try store.update(first)
    try expect(
      "an attempt changes when it is due", try store.outbound(dueBy: due, limit: 1), is: [first])
    first.sent = samples.noon
    try store.update(first)
    try store.enqueue(try message(1, next: 0))
    try expect(
      "what was sent is not due, ever", try store.outbound(dueBy: due, limit: 10), is: [second])
  }

  private static func invitations(
    _ store: any OperationsStore, _ samples: ContractSamples
  ) throws {
    var invitation = InvitationRecord(
      secretHash: try samples.digest(8), node: samples.other, relation: "child", level: .street,
      jurisdiction: try samples.code("330106001"), name: Label(zh: "东", en: "E"),
      expires: samples.noon, created: samples.noon)
    try expect(
      "an unknown secret has no invitation",
      try store.invitation(secretHash: invitation.secretHash), is: nil)
    try store.put(invitation)
    (invitation.usedBy, invitation.grant) = ("key", "chain")
    try store.put(invitation)
    try expect(
      "an invitation is what was put last",
      try store.invitation(secretHash: invitation.secretHash), is: invitation)

    try expect("a document that was never put is nil", try store.document("pack"), is: nil)
    try store.putDocument("pack", [1])
    try store.putDocument("pack", [])
    try expect("a document is what was put last, empty too", try store.document("pack"), is: [])
  }

  private static func pruning(
    _ store: any OperationsStore & JournalStore, _ samples: ContractSamples
  ) throws {
    let label = Label(zh: "红色预警", en: "Red warning")
    for number in 0..<9 {
      let at = samples.noon + .hours(Int64(number))
      try store.putIdempotency(
        IdempotencyRecord(
          key: "usr_li/prune-\(number)", fingerprint: try samples.digest(4), status: 201,
          response: [], expires: at))
      var message = OutboundMessage(
        id: "prune_\(number)/1", thing: try samples.thing(number), grade: .red, subject: label,
        text: label, queued: at, nextAttempt: at)
      if number % 3 == 0 { message.sent = at + .seconds(1) }
      if number % 3 == 1 { message.nextAttempt = UTCTime(seconds: 253_402_300_799) }
      try store.enqueue(message)
      try store.put(
        InvitationRecord(
          secretHash: try samples.digest(100 + number), node: samples.other,
          relation: "child", level: .street, jurisdiction: try samples.code("330106001"),
          name: label, expires: at, created: at))
    }
    let bounds = PruneBounds(
      answersExpiredBy: samples.noon + .hours(4), messagesQueuedBefore: samples.noon + .hours(4),
      invitationsExpiredBefore: samples.noon + .hours(4), rows: 4)
    let first = try store.prune(bounds)
    try expect("as many rows go as may", first.answers, is: 4)
    try expect("and there is more", first.hasMore, is: true)
    let second = try store.prune(bounds)
    try expect("the rest goes next time", second.answers, is: 1)
    try expect("then there is no more", second.hasMore, is: false)
    try expect("what expired later is kept") {
      try store.idempotency("usr_li/prune-4") == nil && store.idempotency("usr_li/prune-5") != nil
    }
    try expect(
      "what was sent and what was given up goes, what waits stays",
      try store.outbound(dueBy: samples.noon + .hours(8), limit: 20).map(\.id)
        .filter { $0.hasPrefix("prune_") }, is: ["prune_2/1", "prune_5/1", "prune_8/1"])
    try expect(
      "these and one that was sent before went", first.messages + second.messages, is: 4)
    try expect("old invitations go, others stay") {
      try store.invitation(secretHash: try samples.digest(103)) == nil
        && store.invitation(secretHash: try samples.digest(104)) != nil
    }
  }

  private static func lists(
    _ store: any OperationsStore & JournalStore, _ samples: ContractSamples
  ) throws {
    try store.putHead(
      JournalHead(
        node: samples.node, epoch: samples.epoch, seq: 0, hash: .zero,
        time: HybridTime(milliseconds: 0)))
    for number in 0..<12 {
      var record = try samples.record(number, isOpen: number != 4)
      if number == 8 { record.owner = samples.other }
      try store.put(record)
    }
    try store.put(try samples.record(2, kind: "tsk"))
    try store.put(try samples.record(2, kind: "adt"))
    func ids(_ things: [ThingRecord]) -> [String] { things.map(\.id.rawValue) }
    let by = samples.noon + .minutes(9)
    try expect(
      "open things of this node are due by their wake, of the kinds asked for",
      ids(try store.dueThings(kinds: ["inc"], by: by, limit: 10)),
      is: try [0, 2, 6].map { try samples.thing($0).rawValue })
    try expect(
      "kinds can be several, results few",
      ids(try store.dueThings(kinds: ["inc", "tsk"], by: by, limit: 3)),
      is: [
        try samples.thing(0).rawValue, try samples.thing(2).rawValue,
        try samples.thing(2, kind: "tsk").rawValue,
      ])
    try expect("no kinds, no things", ids(try store.dueThings(kinds: [], by: by, limit: 9)), is: [])
    try expect(
      "children come by id", ids(try store.things(parent: try samples.thing(0), limit: 3)),
      is: [
        try samples.thing(2, kind: "adt").rawValue, try samples.thing(1).rawValue,
        try samples.thing(2).rawValue,
      ])
    try expect(
      "open things of a node come by id, audit left out",
      ids(try store.openThings(ownedBy: samples.node)),
      is: try [0, 1, 2, 3, 5, 6, 7, 9, 10, 11].map { try samples.thing($0).rawValue } + [
        try samples.thing(2, kind: "tsk").rawValue
      ])
    try expect(
      "a thing is found by its id elsewhere",
      try store.thing(source: "12345", externalId: "ext-5", kind: "inc"),
      is: try samples.record(5))
    try expect("the kind, the source and the id must be right") {
      try store.thing(source: "12345", externalId: "ext-5", kind: "ord") == nil
        && store.thing(source: "110", externalId: "ext-5", kind: "inc") == nil
        && store.thing(source: "12345", externalId: "ext-6", kind: "inc") == nil
    }
  }

  // MARK: Devices

  /// The registry of devices.
  /// - Throws: ``ContractBreach``.
  public static func devices(_ store: any DeviceStore) throws {
    let samples = try ContractSamples()
    func device(_ number: Int, version: Int = 1) throws -> Device {
      Device(
        id: try samples.thing(number, kind: "dev"), name: Label(zh: "水位计", en: "Gauge \(number)"),
        kind: "water-level-gauge", place: Coordinate(longitude: 120, latitude: 30),
        jurisdiction: try samples.code("33010600\(1 + number % 2)"),
        organisation: try samples.principal("org_water"),
        properties: [PropertyDefinition(name: "waterLevel", unit: "m", minimum: 0, maximum: 9)],
        source: number < 3 ? "gis" : nil, externalId: number < 3 ? "g\(number)" : nil,
        created: samples.noon, version: version)
    }
    let all = try (0..<9).map { try device($0) }
    for device in all.reversed() { try store.put(device) }
    try expect("a device comes back", try store.device(all[1].id), is: all[1])
    try expect(
      "a device is found by its id elsewhere",
      try store.device(source: "gis", externalId: "g2"), is: all[2])
    try expect("all devices come by id", try store.allDevices(), is: all)
    try expect("a version is written once", throws: .conflict) { try store.put(all[1]) }
    try expect("a version is not left out", throws: .conflict) {
      try store.put(try device(1, version: 3))
    }
    try expect("two devices have no id elsewhere in common", throws: .duplicate) {
      var thief = try device(5, version: 2)
      (thief.source, thief.externalId) = ("gis", "g1")
      try store.put(thief)
    }
    let changed = try device(1, version: 2)
    try store.put(changed)
    try expect("the next version is kept", try store.device(changed.id), is: changed)

    let east = DeviceFilter(jurisdiction: try samples.code("330106001"))
    let first = try store.devices(east, page: PageRequest(limit: 3))
    try expect("pages are full", first.items.map(\.id), is: [0, 2, 4].map { all[$0].id })
    let second = try store.devices(east, page: PageRequest(limit: 3, after: first.next))
    try expect("and end", second.items.map(\.id), is: [6, 8].map { all[$0].id })
    try expect("without a cursor", second.next, is: nil)
    try expect(
      "names are searched",
      try store.devices(
        DeviceFilter(text: "gauge 7"), page: PageRequest()
      ).items.map(\.id), is: [all[7].id])
  }
}
