import CityCore
import Incidents
import Journal
import Linkage
import Operations

extension World {
  /// One step: somebody does something, something arrives, time passes, or something breaks.
  public mutating func step() {
    guard violation == nil else { return }
    steps += 1
    now = now + .milliseconds(Int64(random.below(400)))
    let roll = random.below(1_000)
    mix(UInt64(roll))
    switch roll {
    case ..<420: deliverSomething()
    case ..<570: groupCommit()
    case ..<620: filing()
    case ..<730: handingOver()
    case ..<775: acting()
    case ..<865: ordering()
    case ..<885: ticking()
    case ..<900: cutting()
    case ..<922: connecting()
    case ..<940: crash(random.below(nodes.count))
    case ..<960: backingUp()
    case ..<967: restore(random.below(nodes.count))
    case ..<971: overriding()
    case ..<973: declaringLost()
    case ..<978: twinning()
    case ..<988: probing()
    default: start(random.below(nodes.count))
    }
    for index in nodes.indices where !nodes[index].isUp && random.below(12) == 0 { start(index) }
    if bug == .timeOutOffer, random.below(10) == 0 { plantTimeout() }
  }

  /// Lets everything heal and drain, then checks what must hold at the end.
  public mutating func settle() {
    guard violation == nil else { return }
    if tracing { note("everything heals") }
    for index in nodes.indices { start(index) }
    readmit()
    for _ in 0..<600 {
      guard violation == nil else { return }
      now = now + .milliseconds(500)
      for index in nodes.indices {
        run(index, "ticks") { core, now, store, outcome in
          outcome = try core.tickLinks(now: now, store: store)
        }
      }
      for wire in wires.indices { connect(wire) }
      for index in nodes.indices { flush(index) }
      var moved = wires.contains { $0.connection == nil }
      for wire in wires.indices {
        for up in [true, false] {
          while let frame = (up ? wires[wire].up : wires[wire].down).first {
            if !Self.isIdle(frame) { moved = true }
            deliver(wire, up: up)
          }
        }
      }
      for index in nodes.indices { flush(index) }
      let isQuiet = wires.allSatisfy {
        $0.up.allSatisfy(Self.isIdle) && $0.down.allSatisfy(Self.isIdle)
      }
      if !moved, isQuiet { break }
    }
    checkEnd()
  }

  /// Pings go on when nothing is left to do.
  private static func isIdle(_ frame: Frame) -> Bool {
    switch frame {
    case .ping, .pong: true
    default: false
    }
  }

  private mutating func deliverSomething() {
    let wire = random.below(wires.count)
    let up = random.below(2) == 0
    for offset in 0..<wires.count {
      let candidate = (wire + offset) % wires.count
      for direction in [up, !up]
      where !(direction ? wires[candidate].up : wires[candidate].down).isEmpty {
        return deliver(candidate, up: direction)
      }
    }
  }

  private mutating func groupCommit() {
    flush(random.below(nodes.count))
  }

  private mutating func ticking() {
    let index = random.below(nodes.count)
    run(index, "ticks") { core, now, store, outcome in
      outcome = try core.tickLinks(now: now, store: store)
      try core.tickThings(now: now, store: store, outcome: &outcome)
    }
  }

  /// Half of the cuts are noticed by one side only, until the other has heard nothing for a while.
  private mutating func cutting() {
    let wire = random.below(wires.count)
    let isBacklogged = !(wires[wire].up.isEmpty && wires[wire].down.isEmpty)
    if wires[wire].connection != nil { coverage.count(isBacklogged ? "cut with backlog" : "cut") }
    switch random.below(4) {
    case 0: disconnect(wire, noticedBy: wires[wire].child)
    case 1: disconnect(wire, noticedBy: wires[wire].parent)
    default: disconnect(wire)
    }
  }
  private mutating func connecting() {
    for wire in wires.indices where random.below(2) == 0 { connect(wire) }
  }

  private mutating func backingUp() {
    let index = random.below(nodes.count)
    guard nodes[index].isUp, nodes[index].store.tables.quarantine == nil else { return }
    if tracing { note("\(nodes[index].id) is backed up") }
    nodes[index].backup = nodes[index].store.durable
  }

  private mutating func filing() {
    let index = random.below(nodes.count)
    let grade = Grade.allCases[random.below(4)]
    let jurisdiction = nodes[index].jurisdiction
    let party = party(index, [.supervision])
    var created: ThingID?
    run(index, "files a case") { core, now, store, outcome in
      created = try core.fileIncident(
        CaseReport(
          title: "case", classCode: "0101", grade: grade, source: .collector,
          jurisdiction: jurisdiction), by: party, now: now, store: store, outcome: &outcome)
    }
    if let created { things.append(created) }
  }

  private mutating func anyThing(_ kind: String, at index: Int) -> ThingID? {
    let here = nodes[index].store.tables.things
    let candidates = things.filter { $0.kind == kind && here[$0] != nil }
    return candidates.isEmpty ? nil : candidates[random.below(candidates.count)]
  }

  private mutating func handingOver() {
    let index = random.below(nodes.count)
    guard let thing = anyThing("inc", at: index) else { return }
    let party = party(index, [.command, .leader])
    let neighbours = nodes[index].children + (nodes[index].parent.map { [$0] } ?? [])
    guard !neighbours.isEmpty else { return }
    let target = neighbours[random.below(neighbours.count)]
    switch random.below(6) {
    case 0...2:
      run(index, "offers \(thing) to \(target)") { core, now, store, outcome in
        try core.offer(
          thing, to: target, reason: "r", by: party, now: now, store: store, outcome: &outcome)
      }
    case 3:
      run(index, "accepts \(thing)") { core, now, store, outcome in
        try core.handOver(
          thing, .accept, by: party, now: now, store: store, outcome: &outcome)
      }
    case 4:
      run(index, "declines \(thing)") { core, now, store, outcome in
        try core.handOver(
          thing, .decline(reason: "r"), by: party, now: now, store: store, outcome: &outcome)
      }
    default:
      run(index, "asks \(thing) back") { core, now, store, outcome in
        try core.handOver(
          thing, .withdraw(reason: "r"), by: party, now: now, store: store, outcome: &outcome)
      }
    }
  }

  private mutating func acting() {
    let index = random.below(nodes.count)
    guard let thing = anyThing("inc", at: index) else { return }
    let command: IncidentCommand =
      switch random.below(3) {
      case 0: .note(text: "note \(steps)")
      case 1: .progress(text: "progress \(steps)")
      default:
        .regrade(
          grade: Grade.allCases[random.below(4)], classCode: nil, reason: "r")
      }
    let party = party(index, [.command, .leader, .supervision])
    run(index, "acts on \(thing)") { core, now, store, outcome in
      try core.act(
        on: thing, command, by: party, now: now, store: store, outcome: &outcome)
    }
  }

  /// The planted bug ``PlantedBug/timeOutOffer``: the sender takes the thing back by itself.
  private mutating func plantTimeout() {
    let index = random.below(nodes.count)
    guard let thing = anyThing("inc", at: index) else { return }
    let actor = party(index, []).actor
    run(index, "times an offer out") { core, now, store, outcome in
      guard let record = try store.thing(thing), record.owner == core.node,
        record.offeredTo != nil
      else { return }
      try core.write(
        [
          Draft(
            kind: CustodyEvent.returnedKind, thing: thing, actor: actor, labels: record.labels,
            body: CustodyEvent.returned(reason: "timed out").body)
        ], now: now, store: store, outcome: &outcome)
    }
  }

  func party(_ index: Int, _ capacities: Set<Authority>) -> ActingParty {
    let node = nodes[index].id
    let id = PrincipalID(rawValue: "usr-\(node)") ?? nodes[index].settings.selfPrincipal
    return ActingParty(
      actor: Actor(kind: .person, id: id, node: node), capacities: capacities)
  }
}
