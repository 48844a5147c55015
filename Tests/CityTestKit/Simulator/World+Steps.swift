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
    case ..<390: deliverSomething()
    case ..<530: groupCommit()
    case ..<570: filing()
    case ..<660: handingOver()
    case ..<695: acting()
    case ..<810: ordering()
    case ..<835: ticking()
    case ..<850: cutting()
    case ..<872: connecting()
    case ..<890: crash(random.below(nodes.count))
    case ..<910: backingUp()
    case ..<918: restore(random.below(nodes.count))
    case ..<926: overriding()
    case ..<930: declaringLost()
    case ..<933: revoking()
    case ..<937: readmit(all: false)
    case ..<942: twinning()
    case ..<974: probing()
    case ..<980: replaying()
    case ..<985: erasing()
    case ..<989: changingPolicy()
    case ..<993: exceeding()
    default: start(random.below(nodes.count))
    }
    for index in nodes.indices where !nodes[index].isUp && random.below(12) == 0 { start(index) }
    if bug == .timeOutOffer, random.below(10) == 0 { plantTimeout() }
    if bug == .acceptAfterDecline, random.below(10) == 0 { plantAcceptance() }
  }

  /// Lets everything heal and drain, then checks what must hold at the end.
  public mutating func settle() {
    guard violation == nil else { return }
    if tracing { note("everything heals") }
    for index in nodes.indices { start(index) }
    readmit(all: true)
    for round in 0..<600 {
      guard violation == nil else { return }
      now = now + .milliseconds(500)
      var moved = false
      for index in nodes.indices {
        run(index, "ticks") { core, now, store, outcome in
          outcome = try core.tickLinks(now: now, store: store)
          // Reminders would go on for ever.
          if round < 4 { try core.tickThings(now: now, store: store, outcome: &outcome) }
        }
      }
      for wire in wires.indices { connect(wire) }
      // Whatever follows from it all arrives before time goes on.
      for _ in 0..<100 where violation == nil {
        guard deliverAll() else { break }
        moved = true
      }
      if !moved, round > 0, wires.allSatisfy({ $0.connection != nil }) { break }
    }
    checkEnd()
  }

  /// Commits everywhere, and delivers everything that is on its way then.
  /// - Returns: whether anything but pings was.
  private mutating func deliverAll() -> Bool {
    for index in nodes.indices { flush(index) }
    var moved = false
    for wire in wires.indices {
      for up in [true, false] {
        while let frame = (up ? wires[wire].up : wires[wire].down).first {
          if !Self.isIdle(frame) { moved = true }
          deliver(wire, up: up)
        }
      }
    }
    return moved
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
    let reporter =
      random.below(4) == 0
      ? [PersonalField(field: "reporter.phone", value: "138 \(steps)")] : []
    var created: ThingID?
    run(index, "files a case") { core, now, store, outcome in
      created = try core.fileIncident(
        CaseReport(
          title: "case", classCode: "0101", grade: grade, source: .collector,
          jurisdiction: jurisdiction), reporter: reporter, by: party, now: now, store: store,
        outcome: &outcome)
    }
    guard let created else { return }
    things.append(created)
    cases.append(created)
  }

  /// One of `things` that a node holds and that is as asked; any that it holds when none is so, for
  /// people also try what is not possible.
  mutating func pick(
    _ things: [ThingID], at index: Int, where isWanted: (ThingRecord) -> Bool = { _ in true }
  ) -> ThingID? {
    let store = nodes[index].store
    var held: [ThingID] = []
    var wanted: [ThingID] = []
    for thing in things {
      guard let record = store.tables.things[thing] else { continue }
      held.append(thing)
      if isWanted(record) { wanted.append(thing) }
    }
    if wanted.isEmpty || random.below(8) == 0 { wanted = held }
    return wanted.isEmpty ? nil : wanted[random.below(wanted.count)]
  }

  private mutating func handingOver() {
    let index = random.below(nodes.count)
    let node = nodes[index].id
    let what = random.below(6)
    let candidate: ThingID? =
      switch what {
      case 0...2: pick(cases, at: index) { $0.owner == node && $0.offeredTo == nil }
      case 3, 4: pick(cases, at: index) { $0.offeredTo == node }
      default: pick(cases, at: index) { $0.owner == node && $0.offeredTo != nil }
      }
    guard let thing = candidate else { return }
    let party = party(index, [.command, .leader])
    let neighbours = nodes[index].children + (nodes[index].parent.map { [$0] } ?? [])
    guard !neighbours.isEmpty else { return }
    let target = neighbours[random.below(neighbours.count)]
    switch what {
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
    let node = nodes[index].id
    guard let thing = pick(cases, at: index, where: { $0.owner == node }) else { return }
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
    let node = nodes[index].id
    guard let thing = pick(cases, at: index, where: { $0.owner == node && $0.offeredTo != nil })
    else { return }
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

  /// The planted bug ``PlantedBug/acceptAfterDecline``: people try what their node has forgotten that
  /// it may not do.
  private mutating func plantAcceptance() {
    let index = random.below(nodes.count)
    let store = nodes[index].store
    let node = nodes[index].id
    let declined = cases.filter { thing in
      guard let record = store.tables.things[thing] else { return false }
      return record.offeredTo == node && store.tables.declined[thing] == record.term
    }
    guard !declined.isEmpty else { return }
    let thing = declined[random.below(declined.count)]
    let party = party(index, [.command, .leader])
    run(index, "accepts \(thing) after all") { core, now, store, outcome in
      try core.handOver(thing, .accept, by: party, now: now, store: store, outcome: &outcome)
    }
  }

  func party(_ index: Int, _ capacities: Set<Authority>) -> ActingParty {
    let node = nodes[index].id
    let id = PrincipalID(rawValue: "usr-\(node)") ?? nodes[index].settings.selfPrincipal
    return ActingParty(
      actor: Actor(kind: .person, id: id, node: node), capacities: capacities)
  }
}
