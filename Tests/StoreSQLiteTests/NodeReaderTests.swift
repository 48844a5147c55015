import Access
import CityCore
import CityTestKit
import Foundation
import HelperKit
import Journal
import Operations
import Synchronization
import Testing

@testable import StoreSQLite

@Suite struct NodeReaderTests {
  let folder: TemporaryFolder
  let store: SQLiteNodeStore
  let samples: ContractSamples
  let everything: Scope

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
    samples = try ContractSamples()
    everything = Scope(regions: [
      .init(
        jurisdiction: try samples.code("33"), organisation: .any, maximumDataClass: .personal)
    ])
  }

  // MARK: Things

  private func randomThing(_ number: Int, _ random: inout SeededRandom) throws -> ThingRecord {
    let kinds = ["inc", "inc", "ord", "tsk"]
    var thing = try samples.record(number, kind: kinds[random.below(4)])
    let codes = ["330106", "330106001", "330106002", "330106002003", "330108", "3301"]
    thing.labels.jurisdiction = try samples.code(codes[random.below(codes.count)])
    thing.labels.grade = random.below(3) == 0 ? nil : Grade.allCases[random.below(4)]
    thing.labels.dataClass = DataClass.allCases[random.below(4)]
    thing.labels.classCode = random.below(3) == 0 ? nil : ["0101", "0102", "0201"][random.below(3)]
    thing.index.isOpen = random.below(3) > 0
    thing.index.stage = ["file", "handle", "check"][random.below(3)]
    // Many at the same time, so that the id decides.
    thing.index.opened = samples.noon + .minutes(Int64(random.below(20)))
    thing.index.due = random.below(2) == 0 ? nil : samples.noon + .minutes(Int64(random.below(50)))
    thing.index.assignee =
      random.below(2) == 0 ? nil : try samples.principal("org_\(random.below(3))")
    thing.index.subject = random.below(2) == 0 ? nil : "dev_\(random.below(3))"
    thing.index.text = ["积水", "积水严重 Flooding", "道路塌陷", "fire 火灾"][random.below(4)]
    thing.owner = random.below(3) == 0 ? samples.other : samples.node
    return thing
  }

  private func randomQuery(_ random: inout SeededRandom) throws -> ThingQuery {
    var regions: [Scope.Region] = []
    for _ in 0..<(1 + random.below(2)) {
      let codes = ["33", "330106", "330106002", "330106002003"]
      let reaches: [Scope.OrganisationReach] = [
        .any, .any, .none, .one(try samples.principal("org_1")),
      ]
      regions.append(
        .init(
          jurisdiction: try samples.code(codes[random.below(4)]),
          organisation: reaches[random.below(4)],
          maximumDataClass: DataClass.allCases[random.below(4)]))
    }
    let owners = random.below(6) == 0 ? [try samples.principal("dev_1")] : nil
    var query = ThingQuery(scope: Scope(regions: regions, owners: owners))
    func rarely() -> Bool { random.below(4) == 0 }
    query.kinds = [[], ["inc"], ["inc"], ["inc", "tsk"]][random.below(4)]
    if rarely() { query.isOpen = true } else if rarely() { query.isOpen = false }
    if rarely() { query.stages = ["handle", "check"] }
    if rarely() { query.minimumGrade = .orange }
    if rarely() { query.classPrefix = "01" }
    if rarely() { query.jurisdiction = try samples.code("330106002") }
    if rarely() { query.parent = try samples.thing(0) }
    if rarely() { query.assignee = try samples.principal("org_2") }
    if rarely() { query.owner = samples.other }
    if rarely() { query.rule = "water-high" }
    if rarely() { query.subject = "dev_2" }
    if rarely() { query.source = "12345" }
    if rarely() { query.openedFrom = samples.noon + .minutes(5) }
    if rarely() { query.openedUntil = samples.noon + .minutes(15) }
    if rarely() { query.dueBefore = samples.noon + .minutes(25) }
    if rarely() { query.text = ["积水", "水严重", "灾", "floo", "e", "火灾 FIRE", "\"%"][random.below(7)] }
    return query
  }

  /// What the query says, without SQL.
  private func matches(_ query: ThingQuery, _ thing: ThingRecord) -> Bool {
    let (index, labels) = (thing.index, thing.labels)
    let resource = Resource(
      labels, organisation: index.assignee,
      owner: index.subject.flatMap(PrincipalID.init(rawValue:)))
    let checks: [Bool] = [
      query.scope.admits(resource),
      query.kinds.isEmpty || query.kinds.contains(thing.id.kind),
      query.isOpen.map { $0 == index.isOpen } ?? true,
      query.stages.isEmpty || query.stages.contains(index.stage),
      query.minimumGrade.map { grade in labels.grade.map { $0 >= grade } ?? false } ?? true,
      query.classPrefix.map { labels.classCode?.hasPrefix($0) ?? false } ?? true,
      query.jurisdiction.map { $0.covers(labels.jurisdiction) } ?? true,
      query.parent.map { $0 == index.parent } ?? true,
      query.assignee.map { $0 == index.assignee } ?? true,
      query.owner.map { $0 == thing.owner } ?? true,
      query.rule.map { $0 == index.rule } ?? true,
      query.subject.map { $0 == index.subject } ?? true,
      query.source.map { $0 == index.source } ?? true,
      query.openedFrom.map { index.opened >= $0 } ?? true,
      query.openedUntil.map { index.opened < $0 } ?? true,
      query.dueBefore.map { due in index.isOpen && (index.due.map { $0 < due } ?? false) } ?? true,
      query.text.map { mentions("\(index.title)\n\(index.text)", $0) } ?? true,
    ]
    return checks.allSatisfy { $0 }
  }

  /// Every part stands in the text: Chinese anywhere, Latin at the beginning of a word.
  private func mentions(_ text: String, _ search: String) -> Bool {
    let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }
    return search.lowercased().split(separator: " ").allSatisfy { part in
      part.unicodeScalars.allSatisfy(\.isASCII)
        ? words.contains { $0.hasPrefix(part) } : text.contains(part)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `lists hold what the query says, newest first, page by page`(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    var things: [ThingRecord] = []
    for number in 0..<300 { things.append(try randomThing(number, &random)) }
    // Written twice, so that changes have gone through every index.
    for pass in 0..<2 {
      let ids = things.map(\.id)
      let written = try things.map { thing in
        pass == 1 ? thing : try randomThing(Int(thing.id.rawValue.suffix(6)) ?? 0, &random)
      }
      try store.transaction { store in
        for (thing, id) in zip(written, ids) {
          var thing = thing
          thing.id = id
          try store.put(thing)
        }
      }
    }
    for _ in 0..<200 {
      let query = try randomQuery(&random)
      var wanted = things.filter { matches(query, $0) }
      if query.text != nil, query.parent == nil, query.assignee == nil, query.subject == nil {
        // By when they came into the store.
        wanted.reverse()
      } else {
        wanted.sort { ($0.index.opened, $0.id) > ($1.index.opened, $1.id) }
      }
      var found: [ThingRecord] = []
      var after: String?
      let limit = 1 + random.below(40)
      repeat {
        let page = try await store.reader.things(
          query, page: try PageRequest(limit: limit, after: after))
        if page.next != nil { #expect(page.items.count == limit) }
        found += page.items
        after = page.next
      } while after != nil
      #expect(found.map(\.id) == wanted.map(\.id), "seed \(seed): \(query)")
      #expect(found == wanted)
      #expect(try await store.reader.count(query, cap: 50) == min(50, wanted.count))
    }
  }

  @Test func `text of one and two characters is found too, and changes are found`() async throws {
    var thing = try samples.record(1)
    thing.index.title = "道路塌陷"
    thing.index.text = "庆春路"
    let first = thing
    try store.transaction { try $0.put(first) }
    var query = ThingQuery(scope: everything)
    for text in ["塌", "塌陷", "道路塌", "庆春路"] {
      query.text = text
      #expect(try await store.reader.count(query, cap: 9) == 1, "\(text)")
    }
    thing.version = 2
    thing.index.title = "路面恢复"
    let second = thing
    try store.transaction { try $0.put(second) }
    for (text, count) in [("道路塌", 0), ("塌陷", 0), ("路面恢", 1)] {
      query.text = text
      #expect(try await store.reader.count(query, cap: 9) == count, "\(text)")
    }
  }

  @Test func `Chinese of any length, Latin words and mixtures are found`() async throws {
    var thing = try samples.record(1)
    thing.index.title = "老旧小区3号楼消防栓漏水（ＡＢＣ座）"
    thing.index.text = "浙A12345 挡住了 fire hydrant №7，café"
    let first = thing
    try store.transaction { try $0.put(first) }
    let found = [
      "老", "水", "旧小", "老旧小区", "小区3号", "小区3", "3号楼", "号楼消防", "abc", "ABC座", "座",
      "浙A12345", "浙a1", "a12345", "hydr", "fire hydrant", "hydrant 漏水", "漏水 老旧", "cafe", "Café",
    ]
    let missed = ["老小", "区老", "水漏", "ydrant", "3楼", "12345", "漏水 塌陷", "？", "\"", "*", "OR"]
    for (texts, count) in [(found, 1), (missed, 0)] {
      for text in texts {
        var query = ThingQuery(scope: everything, kinds: ["inc"])
        query.text = text
        #expect(try await store.reader.count(query, cap: 9) == count, "\(text)")
      }
    }
  }

  @Test func `a search reads the index of words, and there the list of kind, place and state`()
    async throws
  {
    let one = Scope(regions: [
      .init(
        jurisdiction: try samples.code("330106002"), organisation: .any, maximumDataClass: .work)
    ])
    for text in ["灾", "火灾", "消防通道", "fire"] {
      var query = ThingQuery(scope: one, kinds: ["inc"])
      query.isOpen = true
      query.text = text
      let plan = try plan(of: query)
      #expect(plan.contains("SCAN thing_words VIRTUAL TABLE INDEX"), "\(plan)")
      #expect(plan.contains("SEARCH thing USING INTEGER PRIMARY KEY"), "\(plan)")
      #expect(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN thing "), "\(plan)")
      #expect(ThingWords.expression(query, text)?.contains("\"inc330106002o\"") == true)
      query.parent = try samples.thing(0)
      let narrow = try self.plan(of: query)
      #expect(narrow.contains("USING INDEX thing_parent "), "\(narrow)")
    }
  }

  @Test func `a node that was made before there was an index of words finds its things by it`()
    async throws
  {
    let path = folder.path("old.sqlite")
    try NodeSchema.migrate(path, upTo: "operations-1")
    let thing = try samples.record(1)
    let old = try SQLiteConnection(path: path, mode: .readWrite)
    try old.transaction { () throws(Problem) in
      for number in 1...2_500 {
        try old.run(
          """
          INSERT INTO thing(number, id, kind, owner, term, version, last_event, wall, counter,
            jurisdiction, data_class, parties, title, stage, is_open, opened, text, state)
          VALUES(?, ?, 'inc', 'node', 1, 1, ?, 0, 0, '330106001', 0, '', ?, 'file', 1, 0, '路面',
            X'7b7d')
          """, .int(number), .text("inc_\(number)"), .text(thing.lastEvent.description),
          .text(number == 2_400 ? "道路塌陷" : "积水"))
      }
    }
    let store = try SQLiteNodeStore(path: path)
    var query = ThingQuery(scope: everything, kinds: ["inc"])
    query.text = "塌"
    let found = try await store.reader.things(query, page: PageRequest()).items
    #expect(found.map(\.id.rawValue) == ["inc_2400"])
    query.text = "路面"
    #expect(try await store.reader.count(query, cap: 9_999) == 2_500)
  }

  @Test func `the usual lists are read in order from an index`() async throws {
    let one = Scope(regions: [
      .init(
        jurisdiction: try samples.code("330106002"), organisation: .any,
        maximumDataClass: .work)
    ])
    var open = ThingQuery(scope: everything, kinds: ["inc"])
    open.isOpen = true
    var children = ThingQuery(scope: everything)
    children.parent = try samples.thing(0)
    for (query, index) in [
      (ThingQuery(scope: everything), "thing_newest"),
      (ThingQuery(scope: everything, kinds: ["inc"]), "thing_kind"),
      (ThingQuery(scope: one, kinds: ["inc"]), "thing_street"),
      (ThingQuery(scope: one, kinds: ["inc", "ord"]), "thing_newest"),
      (open, "thing_open"), (children, "thing_parent"),
    ] {
      let plan = try plan(of: query)
      #expect(plan.contains("USING INDEX \(index) "), "\(plan)")
      #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
    }
  }

  private func plan(of query: ThingQuery) throws -> String {
    let connection = try SQLiteConnection(path: folder.path("node.sqlite"), mode: .readOnly)
    var filter = ThingFilter(query)
    if filter.order == .opened {
      filter.add("(opened, id) < (?, ?)", .integer(1), .text("a"))
    } else {
      filter.add("thing_words.rowid < ?", .integer(1))
    }
    return try connection.transient(
      """
      EXPLAIN QUERY PLAN SELECT * FROM \(filter.source) \(filter.sql)
      ORDER BY \(filter.sorting) LIMIT 9
      """,
      filter.values
    ) { (row) throws(Problem) in try row.string(3) }.joined(separator: "\n") + " "
  }

  @Test func `cursors of others are refused`() async throws {
    for cursor in ["x", "1", "a:b", "#7", "#x"] {
      let page = try PageRequest(limit: 5, after: cursor)
      await #expect(throws: Problem.self) {
        try await store.reader.things(ThingQuery(scope: everything), page: page)
      }
    }
    let page = try PageRequest(limit: 5, after: "z")
    await #expect(throws: Problem.self) {
      try await store.reader.events(EventQuery(scope: everything), page: page)
    }
  }

  @Test func `nobody's scope sees nothing`() async throws {
    let thing = try samples.record(1)
    try store.transaction { try $0.put(thing) }
    let query = ThingQuery(scope: .nothing)
    #expect(try await store.reader.things(query, page: PageRequest()).items.isEmpty)
    #expect(try await store.reader.count(query, cap: 5) == 0)
  }

  // MARK: Events

  @Test func `events are searched by what they are, newest first`() async throws {
    let samples = samples
    let a = try samples.thing(1)
    let b = try samples.thing(2)
    try store.transaction { store in
      for seq in 1...20 {
        let event = try samples.event(
          Int64(seq), of: seq.isMultiple(of: 2) ? a : b, version: (seq + 1) / 2,
          kind: ["incident.filed", "incident.noted", "audit.unmasked"][seq % 3],
          actor: seq < 10 ? "usr_wang" : "usr_li")
        _ = try store.append(event, arrival: nil)
      }
    }
    func seqs(_ change: (inout EventQuery) throws -> Void) async throws -> [Int64] {
      var query = EventQuery(scope: everything)
      try change(&query)
      var found: [Int64] = []
      var after: String?
      repeat {
        let page = try await store.reader.events(
          query, page: try PageRequest(limit: 3, after: after))
        found += page.items.map(\.event.id.seq)
        after = page.next
      } while after != nil
      return found
    }
    #expect(try await seqs { _ in } == (1...20).reversed())
    #expect(try await seqs { $0.thing = a } == (1...20).reversed().filter { $0.isMultiple(of: 2) })
    #expect(try await seqs { $0.actor = try samples.principal("usr_li") } == (10...20).reversed())
    #expect(try await seqs { $0.kind = "audit.unmasked" } == [20, 17, 14, 11, 8, 5, 2])
    #expect(
      try await seqs { $0.kind = "incident." } == (1...20).reversed().filter { $0 % 3 != 2 })
    #expect(
      try await seqs {
        $0.from = samples.noon + .milliseconds(4)
        $0.until = samples.noon + .milliseconds(6)
      } == [5, 4])
    #expect(
      try await seqs {
        $0.scope = Scope(regions: [
          .init(
            jurisdiction: try samples.code("330106002"), organisation: .any,
            maximumDataClass: .work)
        ])
      } == (1...20).reversed().filter { $0 % 3 == 1 })
    #expect(try await seqs { $0.scope = .nothing } == [])
    #expect(
      try await store.reader.events(of: [a, b], limit: 4).map(\.position) == [1, 2, 3, 4])
    #expect(try await store.reader.events(after: 17, limit: 9).map(\.position) == [18, 19, 20])
    #expect(try await store.reader.lastPosition() == 20)
  }

  @Test func `the own chain verifies, and a changed byte is found`() async throws {
    let signer = try NodeSigner(rawKey: [UInt8](repeating: 7, count: 32))
    let samples = samples
    try store.initialise(node: samples.node, epoch: samples.epoch)
    #expect(throws: Problem.self) {
      try store.initialise(node: samples.node, epoch: samples.epoch)
    }
    for round in 0..<3 {
      try store.transaction { store in
        var journal = try Journal(store: store, signer: signer, projectors: ProjectorTable())
        for number in 0..<400 {
          let draft = Draft(
            kind: "incident.noted", thing: try samples.thing(number % 9),
            actor: try samples.event(1, of: samples.thing(1), version: 1).header.actor,
            labels: try samples.labels(number), body: Array("{}".utf8))
          _ = try journal.commit(
            Batch(drafts: [draft]), now: samples.noon + .seconds(Int64(round * 400 + number)),
            store: store)
        }
        _ = try journal.seal(store: store)
      }
    }
    #expect(try await findings(signer) == [])
    #expect(try await store.reader.lastPosition() == 1_200)
    let connection = try SQLiteConnection(path: folder.path("node.sqlite"), mode: .readWrite)
    try connection.run("UPDATE event SET body = ? WHERE seq = 777", .blob([0x7B, 0x20, 0x7D]))
    #expect(try await findings(signer) == ["changed 777"])
  }

  private func findings(_ signer: NodeSigner) async throws -> [String] {
    let verifier = Mutex(
      JournalVerifier(
        node: samples.node, epoch: samples.epoch, publicKey: signer.publicKey,
        verifier: NodeSignatureVerifier()))
    let head = try await store.reader.walkChain { event, mark in
      verifier.withLock { $0.check(event) { _ in mark } }
    }
    return verifier.withLock { verifier in
      verifier.finish(head: head)
      return verifier.findings.map { "\($0.kind) \($0.event.seq)" }
    }
  }

  // MARK: Backup

  @Test func `a backup is whole and goes nowhere twice`() async throws {
    let thing = try samples.record(1)
    try store.transaction { try $0.put(thing) }
    let path = folder.path("backup.sqlite")
    try await store.backup(to: path)
    let copy = try SQLiteNodeStore(path: path)
    #expect(try await copy.reader.thing(thing.id) == thing)
    await #expect(throws: Problem.self) { try await store.backup(to: path) }
  }
}
