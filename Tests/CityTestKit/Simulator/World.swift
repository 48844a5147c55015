public import CityCore
import Incidents
import Journal
import Linkage
import Operations

/// A city of nodes in one seeded loop: every message, delay, cut, crash and restore is drawn from
/// the seed, so that one seed gives one trace, also in another process.
public struct World {
  public let seed: UInt64
  public let bug: PlantedBug?
  var random: SeededRandom
  public internal(set) var now = UTCTime(seconds: 1_790_000_000)
  var nodes: [SimNode] = []
  var indexOf: [NodeID: Int] = [:]
  var wires: [Wire] = []
  var connections: UInt64 = 0
  /// Everything that was ever filed, in order of creation; then the same by kind.
  var things: [ThingID] = []
  var cases: [ThingID] = []
  var orders: [ThingID] = []
  var tasks: [ThingID] = []
  /// What a reader of the trace sees; empty unless asked for.
  public private(set) var trace: [String] = []
  let tracing: Bool
  /// The first broken promise, in words.
  public internal(set) var violation: String?
  /// Digest of everything that happened: equal for equal seeds.
  public private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
  public internal(set) var steps = 0
  /// Which node was owner of a thing at a term, by what became durable.
  var owners: [ThingID: [Int: NodeID]] = [:]
  /// How often what happened.
  public internal(set) var coverage = Coverage()

  /// A link between a child and its parent, and what is on its way.
  struct Wire {
    let child: NodeID
    let parent: NodeID
    var connection: UInt64?
    var up: [Frame] = []
    var down: [Frame] = []
    /// What was delivered lately, for those who send it once more.
    var old: [(frame: Frame, up: Bool)] = []
  }

  /// - Parameter size: how many nodes, 2...20.
  public init(seed: UInt64, size: Int = 5, bug: PlantedBug? = nil, tracing: Bool = false) throws {
    self.seed = seed
    self.bug = bug
    self.tracing = tracing
    random = SeededRandom(seed: seed)
    try build(size: max(2, min(20, size)))
  }

  /// One whole schedule: steps, then healing and the checks at the end.
  /// - Throws: ``Problem`` when the city cannot be built.
  public static func played(
    seed: UInt64, size: Int = 5, steps: Int = 200, bug: PlantedBug? = nil, tracing: Bool = false
  ) throws -> World {
    var world = try World(seed: seed, size: size, bug: bug, tracing: tracing)
    for _ in 0..<steps { world.step() }
    world.settle()
    return world
  }

  mutating func note(_ text: String) {
    trace.append("\(now) \(text)")
  }

  mutating func mix(_ value: UInt64) {
    fingerprint = (fingerprint ^ value) &* 0x100_0000_01B3
  }

  mutating func fail(_ text: String) {
    guard violation == nil else { return }
    violation = text
    if tracing { note("VIOLATION \(text)") }
  }

  // MARK: - Building

  private mutating func build(size: Int) throws {
    for index in 0..<size {
      // Node 0 is the city, 1 and 2 its districts, the others streets of a district.
      let parent: Int? =
        index == 0 ? nil : index <= 2 || (index == 4 && seed % 3 == 0) ? 0 : 1 + (index - 1) % 2
      let isDepartment = index == 4 && seed % 3 == 0
      let level: Level = index == 0 || isDepartment ? .city : index <= 2 ? .district : .street
      let code =
        switch level {
        case .city: "3301"
        case .district: "33010\(index)"
        default: "33010\(1 + (index - 1) % 2)\(100 + index)"
        }
      guard let id = NodeID(rawValue: "n\(index)"), let jurisdiction = AdminCode(rawValue: code)
      else { continue }
      let store = MemoryStore()
      store.initialise(node: id, epoch: Epoch(rawValue: random.next()))
      // Most clocks are a little off, some by minutes.
      let skew = Int64(random.below(4_000)) - 2_000 + (random.below(8) == 0 ? 400_000 : 0)
      nodes.append(
        SimNode(
          id: id, level: level, jurisdiction: jurisdiction,
          parent: parent.map { nodes[$0].id }, store: store, isDepartment: isDepartment,
          skew: .milliseconds(skew)))
      indexOf[id] = index
      if let parent {
        nodes[parent].children.append(id)
        wires.append(Wire(child: id, parent: nodes[parent].id))
        try introduce(index, to: parent, as: .parent)
        try introduce(parent, to: index, as: isDepartment ? .department : .child)
      }
    }
    for index in nodes.indices {
      nodes[index].store.faults = storeFaults
      nodes[index].store.commit()
      try nodes[index].boot(seed: seed, bug: bug)
      run(index, "describes itself") { core, now, store, outcome in
        try core.describeNode(now: now, store: store, outcome: &outcome)
      }
      flush(index)
      nodes[index].backup = nodes[index].store.durable
    }
    for index in wires.indices { connect(index) }
  }

  private mutating func introduce(
    _ index: Int, to other: Int, as relation: Linkage.Relation
  ) throws {
    let node = nodes[other]
    try nodes[index].store.put(
      Neighbour(
        node: node.id, relation: relation, level: node.level,
        name: Label(zh: node.id.rawValue, en: node.id.rawValue), jurisdiction: node.jurisdiction,
        publicKey: SimSigner.key(of: node.id), since: now))
  }

  private var storeFaults: StoreFaults {
    var faults = StoreFaults()
    switch bug {
    case .acceptAfterDecline: faults.forgetsDeclines = true
    case .cursorAheadOfEvents: faults.makesInboxDurableEarly = true
    case .applyTwice: faults.forgetsDuplicates = true
    case .releaseWithoutHistory: faults.skipsHistory = true
    case .writeWhileOffered: faults.forgetsOffers = true
    default: break
    }
    return faults
  }

  // MARK: - Running work at a node

  /// Runs one piece of work in a savepoint of the node's open group, as the shell does.
  /// - Returns: whether it was done.
  @discardableResult
  mutating func run(
    _ index: Int, _ what: @autoclosure () -> String,
    _ body: (inout CommandCore, UTCTime, MemoryStore, inout CoreOutcome) throws -> Void
  ) -> Bool {
    guard var core = nodes[index].core else { return false }
    let store = nodes[index].store
    let savepoint = store.savepoint
    var outcome = CoreOutcome()
    do {
      try body(&core, now + nodes[index].skew, store, &outcome)
    } catch let problem as Problem {
      store.rollback(to: savepoint)
      if tracing {
        note("\(nodes[index].id) \(what()): refused, \(problem.code.name): \(problem.detail)")
      }
      mix(UInt64(problem.code.status))
      if problem.code == .corrupted || problem.code == .internalFault {
        fail("\(nodes[index].id) \(what()): \(problem)")
      }
      return false
    } catch {
      store.rollback(to: savepoint)
      fail("\(nodes[index].id) \(what()): \(error)")
      return false
    }
    nodes[index].core = core
    nodes[index].pending += outcome.links
    for item in outcome.events where item.arrival == nil {
      nodes[index].pendingAcks.append(.init(event: item.event.id, hash: item.event.hash))
      mix(UInt64(truncatingIfNeeded: item.position))
      if item.event.kind.hasPrefix("audit.") { coverage.count(item.event.kind) }
      if item.event.thing.kind != "adt" { coverage.count(item.event.kind) }
    }
    if tracing { note("\(nodes[index].id) \(what())") }
    if tracing {
      for item in outcome.events {
        let header = item.event.header
        note(
          "  + \(item.event.id) \(header.kind) \(header.thing) v\(header.version) t\(header.term)"
            + (header.thing.kind == "adt" ? String(decoding: item.event.body, as: UTF8.self) : ""))
      }
    }
    if bug == .acknowledgeBeforeCommit { emit(index) }
    return true
  }

  /// Ends the node's open group: signs, commits, and only then lets effects out.
  mutating func flush(_ index: Int) {
    guard var core = nodes[index].core else { return }
    let store = nodes[index].store
    do {
      try core.seal(store: store)
      checkOwners(at: index)
      store.commit()
      let effects = try core.pump(now: now + nodes[index].skew, store: store)
      nodes[index].core = core
      nodes[index].pending += effects
    } catch {
      fail("\(nodes[index].id) commit: \(error)")
    }
    emit(index)
  }

  private mutating func emit(_ index: Int) {
    let effects = nodes[index].pending
    nodes[index].pending = []
    nodes[index].acknowledged += nodes[index].pendingAcks
    nodes[index].pendingAcks = []
    for effect in effects { perform(effect, at: nodes[index].id) }
  }

  private mutating func perform(_ effect: LinkEffect, at node: NodeID) {
    switch effect {
    case .send(let to, let connection, var frame):
      guard let wire = wireIndex(node, to), wires[wire].connection == connection else { return }
      if bug == .overstateApplied, case .hello(var hello) = frame, !hello.applied.isEmpty {
        hello.applied = hello.applied.map { .init(epoch: $0.epoch, through: $0.through + 1) }
        frame = .hello(hello)
      }
      if wires[wire].child == node {
        wires[wire].up.append(frame)
      } else {
        wires[wire].down.append(frame)
      }
    case .close(let peer, let connection, let code):
      guard let wire = wireIndex(node, peer), wires[wire].connection == connection else { return }
      if tracing { note("\(node) closes its link to \(peer): \(code)") }
      disconnect(wire)
    case .sendEvidence, .evidenceMissing, .vitals: break
    }
  }

  func wireIndex(_ a: NodeID, _ b: NodeID) -> Int? {
    wires.firstIndex { ($0.child == a && $0.parent == b) || ($0.child == b && $0.parent == a) }
  }
}
