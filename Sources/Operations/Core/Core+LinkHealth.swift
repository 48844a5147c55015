public import CityCore
import CityJSON
import Journal
public import Linkage
import Warnings

extension CommandCore {
  /// A connection that stood for this long is no longer in trouble.
  private static let settled = Duration64.seconds(2)
  /// How long after its last sign a twin counts as gone.
  static let twinOver = Duration64.minutes(15)

  /// The state of every link, with what is remembered of it. In order of node id.
  public func linkStatus(now: UTCTime, store: any CoreStore) throws -> [LinkStatus] {
    try links.status(store: store).map { status in
      var status = status
      let health = linkMemory.health[status.node]
      status.lastHeard = status.lastHeard ?? health?.lastHeard
      status.lastEventIn = status.lastEventIn ?? health?.lastEventIn
      status.lastEventOut = status.lastEventOut ?? health?.lastEventOut
      status.alarm = health?.alarm
      if status.state == .broken || status.state == .greeting {
        status.trouble = linkMemory.trouble[status.node]
        if let ends = status.certificateEnds, ends <= now {
          status.trouble = LinkTrouble(
            code: "certificate-expired", detail: "the certificate ended; join again", since: ends)
        }
      }
      return status
    }
  }

  /// When a neighbour was heard from last, before a restart too; nil for never.
  public func lastHeard(_ neighbour: NodeID) -> UTCTime? {
    links.sessions[neighbour]?.lastHeard ?? linkMemory.health[neighbour]?.lastHeard
  }

  /// Notes why a link does not stand, for whoever looks.
  public mutating func linkTroubled(
    _ peer: NodeID, code: String, detail: String, now: UTCTime
  ) {
    guard links.neighbour(peer) != nil else { return }
    let known = linkMemory.trouble[peer]
    linkMemory.trouble[peer] = LinkTrouble(
      code: code, detail: detail, since: known?.code == code ? known?.since ?? now : now)
  }

  /// A connection with this certificate stands: the one before it is retired.
  public mutating func certificateUsed(
    _ serial: String, by peer: NodeID, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard var neighbour = links.neighbour(peer), neighbour.used(serial: serial) else { return }
    try addNeighbour(
      neighbour, by: actor(.node), now: now, store: store, outcome: &outcome)
  }

  // MARK: - Remembering

  mutating func loadLinkMemory(store: any CoreStore) throws {
    for neighbour in links.neighbours {
      guard let bytes = try store.document(LinkHealth.document(neighbour.node)),
        let health = try? JSON.decode(LinkHealth.self, from: bytes)
      else { continue }
      linkMemory.health[neighbour.node] = health
      linkMemory.kept[neighbour.node] = (health, health.lastHeard ?? neighbour.since)
    }
  }

  /// Takes down what the session knew before it goes.
  mutating func rememberLink(_ peer: NodeID) {
    guard let session = links.sessions[peer] else { return }
    linkMemory.health[peer, default: LinkHealth()].note(session)
    linkMemory.due.insert(peer)
  }

  /// Puts on record when links were heard from last. Before the node stops.
  public mutating func keepLinkHealth(now: UTCTime, store: any CoreStore) throws {
    for neighbour in links.neighbours {
      rememberLink(neighbour.node)
      try keepHealth(of: neighbour.node, now: now, store: store)
    }
  }

  /// Looks at every link: what was heard, twins, troubles that are over. About once a second.
  mutating func watchLinks(
    now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    for neighbour in links.neighbours {
      let node = neighbour.node
      if let session = links.sessions[node] {
        linkMemory.health[node, default: LinkHealth()].note(session)
        if session.phase == .established, now - session.opened > Self.settled {
          linkMemory.trouble[node] = nil
        }
        if session.hasTwin, let rival = session.rival {
          try raiseLinkAlarm(
            .twin, about: neighbour, last: rival.last, times: rival.times, now: now, store: store,
            outcome: &outcome)
        }
      }
      if let alarm = linkMemory.health[node]?.alarm, alarm.kind == .twin,
        now - alarm.last > Self.twinOver
      {
        try clearLinkAlarm(.twin, about: node, now: now, store: store, outcome: &outcome)
      }
      let kept = linkMemory.kept[node]
      let isDue =
        linkMemory.due.contains(node) || kept.map { now - $0.time >= LinkHealth.interval } ?? true
      if isDue { try keepHealth(of: node, now: now, store: store) }
    }
  }

  private mutating func keepHealth(
    of node: NodeID, now: UTCTime, store: any CoreStore
  ) throws {
    linkMemory.due.remove(node)
    guard let health = linkMemory.health[node], linkMemory.kept[node]?.health != health else {
      return
    }
    let bytes: [UInt8]
    do { bytes = try JSON.encode(health) } catch {
      throw Problem(.internalFault, "the health of a link cannot be written")
    }
    try store.putDocument(LinkHealth.document(node), bytes)
    linkMemory.kept[node] = (health, now)
  }

  // MARK: - Alarms

  /// Raises the warning that says so, once; later calls for the same only note that it goes on. It
  /// stays at this node: it is of class `restricted`, which no usual rule lets over a link.
  public mutating func raiseLinkAlarm(
    _ kind: LinkAlarm.Kind, about neighbour: Neighbour, last: UTCTime, times: Int,
    by actor: Actor? = nil, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    if var alarm = linkMemory.health[neighbour.node]?.alarm, alarm.kind == kind {
      guard last > alarm.last else { return }
      alarm.last = last
      alarm.times += 1
      linkMemory.health[neighbour.node]?.alarm = alarm
      return
    }
    guard !isQuarantined,
      let subject = ThingID(kind: "lnk", key: neighbour.node.rawValue),
      let id = WarningKey(
        node: node, rule: kind.rule, subject: subject, property: "link", opened: now
      ).id
    else { return }
    let raised = WarningEvent.Raised(
      rule: kind.rule, ruleName: kind.label, subject: subject, subjectName: neighbour.name,
      property: "link", unit: "1", grade: settings.linkAlarmGrade, value: nil, opened: now,
      time: now, jurisdiction: settings.jurisdiction, place: nil,
      message: Label(
        zh: "\(kind.label.zh)：\(neighbour.name.zh)", en: "\(kind.label.en): \(neighbour.name.en)"))
    linkMemory.health[neighbour.node, default: LinkHealth()].alarm = LinkAlarm(
      kind: kind, warning: id, since: now, last: last, times: times)
    linkMemory.due.insert(neighbour.node)
    try write(
      [
        WarningEvent.raised(raised).draft(
          thing: id, actor: actor ?? self.actor(.node),
          labels: Labels(
            jurisdiction: settings.jurisdiction, grade: settings.linkAlarmGrade,
            dataClass: .restricted))
      ], now: now, store: store, outcome: &outcome)
    if kind == .twin {
      try audit(
        "link.twin",
        ["node": neighbour.node.rawValue, "warning": id.rawValue, "times": "\(times)"], now: now,
        store: store, outcome: &outcome)
    }
  }

  /// Ends the warning: what it said is over.
  /// - Parameter kind: nil for whatever it is.
  public mutating func clearLinkAlarm(
    _ kind: LinkAlarm.Kind? = nil, about neighbour: NodeID, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws {
    guard let alarm = linkMemory.health[neighbour]?.alarm, kind.map({ $0 == alarm.kind }) ?? true,
      !isQuarantined
    else { return }
    linkMemory.health[neighbour]?.alarm = nil
    linkMemory.due.insert(neighbour)
    guard let record = try store.thing(alarm.warning), record.owner == node else { return }
    let events = try WarningMachine.decide(
      try WarningState(record: record), .clear(.quiet, value: nil, time: now))
    guard !events.isEmpty else { return }
    try write(
      events.map { $0.draft(thing: record.id, actor: actor(.node), labels: record.labels) },
      now: now, store: store, outcome: &outcome)
  }
}

extension LinkAlarm.Kind {
  /// What stands where a warning has the rule of a pack.
  public var rule: String { "link.\(rawValue)" }

  var label: Label {
    switch self {
    case .twin: Label(zh: "两个进程持有同一证书", en: "Two processes hold one certificate")
    case .lost: Label(zh: "相邻节点已宣布失联", en: "Neighbour declared lost")
    }
  }
}
