import Access
import CityCore
import CityJSON
import Incidents
import Journal
import Linkage
import Operations

/// Personal data and release policy while everything else goes on, and what is too large.
extension World {
  /// Somebody asks a node to erase what is known of them.
  mutating func erasing() {
    let holders = nodes.indices.filter {
      nodes[$0].isUp && !nodes[$0].store.tables.subjectKeys.isEmpty
    }
    guard !holders.isEmpty else { return }
    let index = holders[random.below(holders.count)]
    let subjects = nodes[index].store.tables.subjectKeys.keys.sorted()
    let subject = subjects[random.below(subjects.count)]
    let actor = party(index, []).actor
    var report = ErasureReport()
    let done = run(index, "erases \(subject)") { core, now, store, outcome in
      try core.redact(
        subject, by: actor, now: now, store: store, report: &report, outcome: &outcome)
    }
    guard done else { return }
    if !report.redacted.isEmpty { coverage.count("erased by the owner") }
    if !report.requested.isEmpty { coverage.count("erasure asked of the owner") }
  }

  mutating func changingPolicy() {
    let index = random.below(nodes.count)
    let actor = party(index, []).actor
    let number = random.below(4)
    let next = SimNode.policy(number, version: nodes[index].policy.version + 1)
    guard next.version < 256, bug != .applyWithoutPolicy else { return }
    let done = run(index, "puts policy \(number) in force") { core, now, store, outcome in
      try store.putDocument(SimNode.policyDocument, [UInt8(number), UInt8(next.version)])
      try core.enforce(next, by: actor, now: now, store: store, outcome: &outcome)
    }
    if done { coverage.count("policy changed") }
  }

  /// A frame that was delivered already comes once more, perhaps on a later connection.
  mutating func replaying() {
    let candidates = wires.indices.filter { wires[$0].connection != nil && !wires[$0].old.isEmpty }
    guard !candidates.isEmpty else { return }
    let wire = candidates[random.below(candidates.count)]
    let (frame, up) = wires[wire].old[random.below(wires[wire].old.count)]
    let from = up ? wires[wire].child : wires[wire].parent
    let to = up ? wires[wire].parent : wires[wire].child
    guard let index = indexOf[to], let connection = wires[wire].connection,
      nodes[index].core?.links.sessions[from]?.connection == connection
    else { return }
    coverage.count("replayed frame")
    if tracing { note("\(from) sends \(Self.word(frame)) to \(to) once more") }
    take(frame, from: from, at: index, connection: connection, wire: wire)
  }

  /// I19. A frame is the same after its way as bytes.
  mutating func checkBytes(of frame: Frame) {
    do {
      guard try Frame.decode(frame.encoded()) == frame else {
        return fail("I19 \(Self.word(frame)) is another frame once it is read")
      }
    } catch {
      fail("I19 \(Self.word(frame)) cannot be read back: \(error)")
    }
  }

  private static let tooLong = String(
    decoding: [UInt8](repeating: 0x78, count: Limits.text + 1), as: UTF8.self)

  /// I19. What exceeds a limit is refused, and changes nothing.
  mutating func exceeding() {
    let index = random.below(nodes.count)
    let party = party(index, [.command, .leader, .supervision, .handler])
    let jurisdiction = nodes[index].jurisdiction
    let long = Self.tooLong
    let known = pick(cases, at: index)
    let what = random.below(3)
    if what == 0 {
      do {
        _ = try Frame.decode([UInt8](repeating: 0x20, count: Limits.linkFrame + 1))
        return fail("I19 a frame over the limit is read")
      } catch {
        guard error.code == .tooLarge else { return fail("I19 a frame over the limit: \(error)") }
      }
      return coverage.count("oversize frame")
    }
    let done = run(index, "does too much at once") { core, now, store, outcome in
      if what == 1, let known {
        try core.note(
          known, text: long, by: party, now: now, store: store, outcome: &outcome)
      } else {
        _ = try core.fileIncident(
          CaseReport(
            title: long, classCode: "0101", grade: .blue, source: .collector,
            jurisdiction: jurisdiction), by: party, now: now, store: store, outcome: &outcome)
      }
    }
    if done { return fail("I19 \(nodes[index].id) takes a text over the limit") }
    coverage.count("oversize text")
  }
}
