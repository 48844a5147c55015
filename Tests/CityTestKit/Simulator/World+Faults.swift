import CityCore
import Journal
import Linkage
import Operations

extension World {
  mutating func connect(_ wire: Int) {
    guard wires[wire].connection == nil, let child = indexOf[wires[wire].child],
      let parent = indexOf[wires[wire].parent], nodes[child].isUp, nodes[parent].isUp
    else { return }
    connections += 1
    let connection = connections
    wires[wire].connection = connection
    wires[wire].up = []
    wires[wire].down = []
    if tracing { note("link \(wires[wire].child) - \(wires[wire].parent) stands (\(connection))") }
    for (one, other) in [(child, parent), (parent, child)] {
      let peer = nodes[other].id
      run(one, "meets \(peer)") { core, now, store, outcome in
        outcome = try core.linkOpened(peer, connection: connection, now: now, store: store)
      }
      flush(one)
    }
  }

  /// - Parameter only: the end that notices; nil for both.
  mutating func disconnect(_ wire: Int, noticedBy only: NodeID? = nil) {
    guard let connection = wires[wire].connection else { return }
    wires[wire].connection = nil
    wires[wire].up = []
    wires[wire].down = []
    if tracing { note("link \(wires[wire].child) - \(wires[wire].parent) is cut") }
    for (one, other) in [
      (wires[wire].child, wires[wire].parent), (wires[wire].parent, wires[wire].child),
    ] where only == nil || only == one {
      if let index = indexOf[one] {
        nodes[index].core?.linkClosed(other, connection: connection)
      }
    }
  }

  /// Delivers the oldest frame of one direction of a wire.
  mutating func deliver(_ wire: Int, up: Bool) {
    guard let connection = wires[wire].connection else { return }
    let from = up ? wires[wire].child : wires[wire].parent
    let to = up ? wires[wire].parent : wires[wire].child
    guard let index = indexOf[to], !(up ? wires[wire].up : wires[wire].down).isEmpty else {
      return
    }
    let frame = up ? wires[wire].up.removeFirst() : wires[wire].down.removeFirst()
    switch frame {
    case .returned(let returned) where !returned.events.isEmpty:
      coverage.count("restore with returned events")
    case .refused(let refused): coverage.count("refusal: \(refused.code)")
    case .data, .hello:
      wires[wire].old.append((frame, up))
      if wires[wire].old.count > 8 { wires[wire].old.removeFirst() }
    default: break
    }
    if steps % 16 == 0 { checkBytes(of: frame) }
    take(frame, from: from, at: index, connection: connection, wire: wire)
  }

  /// A frame reaches a node; one that it cannot accept ends the connection.
  mutating func take(
    _ frame: Frame, from: NodeID, at index: Int, connection: UInt64, wire: Int
  ) {
    let done = run(index, "takes \(Self.word(frame)) from \(from)") {
      core, now, store, outcome in
      outcome = try core.receive(
        frame, from: from, connection: connection, now: now, store: store)
    }
    if !done { disconnect(wire) }
  }

  /// The process dies: what was not durable is gone, so are its connections.
  mutating func crash(_ index: Int) {
    guard nodes[index].isUp else { return }
    if tracing { note("\(nodes[index].id) crashes") }
    nodes[index].core = nil
    nodes[index].pending = []
    nodes[index].pendingAcks = []
    if nodes[index].store.hasUncommitted { coverage.count("crash with open work") }
    nodes[index].store.crash()
    checkAcknowledged(at: index, last: 24)
    for wire in wires.indices
    where wires[wire].child == nodes[index].id || wires[wire].parent == nodes[index].id {
      disconnect(wire)
    }
  }

  mutating func start(_ index: Int) {
    guard !nodes[index].isUp else { return }
    if tracing { note("\(nodes[index].id) starts") }
    do {
      try nodes[index].boot(seed: seed, bug: bug)
    } catch {
      fail("\(nodes[index].id) does not start: \(error)")
    }
  }

  /// The disk is lost, and the node is laid out anew from its last backup.
  mutating func restore(_ index: Int) {
    guard let backup = nodes[index].backup else { return }
    let hadCut = wires.contains {
      ($0.child == nodes[index].id || $0.parent == nodes[index].id) && $0.connection == nil
    }
    if hadCut { coverage.count("restore while cut") }
    crash(index)
    if tracing {
      note("\(nodes[index].id) is restored from its backup of \(backup.events.count) events")
    }
    // Clients know that a restore may lose what came after the backup.
    let kept = Set(backup.events.map(\.event.id))
    nodes[index].acknowledged.removeAll { !kept.contains($0.event) }
    forgetOwners(of: index, back: backup)
    coverage.count("restore")
    if nodes[index].restored { coverage.count("second restore of a node") }
    nodes[index].store = MemoryStore(tables: backup, faults: nodes[index].store.faults)
    nodes[index].restored = true
    start(index)
    let bug = bug
    if bug == .reuseSequenceAfterRestore {
      // Everything as it should be, but for the new life.
      let neighbours = nodes[index].store.tables.neighbours.keys.sorted()
      if let head = backup.head {
        do {
          try nodes[index].store.putQuarantine(
            Quarantine(lostEpoch: head.epoch, keptThrough: head.seq, waitingFor: neighbours))
        } catch { return fail("\(error)") }
      }
      nodes[index].store.commit()
      nodes[index].core = nil
      start(index)
      return
    }
    run(index, "enters quarantine") { core, now, store, _ in
      if bug == .forgetUnacknowledged {
        for neighbour in try store.neighbours() {
          if var cursor = try store.outbox(neighbour.node) {
            cursor.acknowledged = cursor.released
            try store.putOutbox(neighbour.node, cursor)
          }
        }
      }
      try core.enterQuarantine(now: now, store: store)
    }
    flush(index)
    if bug == .skipQuarantine {
      do { try nodes[index].store.putQuarantine(nil) } catch { return fail("\(error)") }
      nodes[index].store.commit()
      nodes[index].core = nil
      start(index)
    }
  }

  static func word(_ frame: Frame) -> String {
    switch frame {
    case .hello(let hello): "hello \(hello.epoch)"
    case .data(let data):
      "data \(data.entries.first?.seq ?? 0)...\(data.entries.last?.seq ?? 0)"
    case .ack(let ack): "ack \(ack.through)"
    case .ping: "ping"
    case .pong: "pong"
    case .returned(let returned): "returned \(returned.events.count)"
    case .refused(let refused): "refusal \(refused.code) of \(refused.seq): \(refused.detail)"
    case .evidenceWanted: "evidence request"
    case .evidenceMissing: "evidence answer"
    case .vitals: "vitals"
    }
  }
}
