public import Access
public import CityCore
public import Devices
public import Linkage

/// The vital signs of one node, for whoever watches.
public struct VitalSigns: Hashable, Sendable {
  /// Where they come from.
  public var node: NodeID
  public var name: Label?
  public var level: Level?
  public var jurisdiction: AdminCode
  public var isOwn: Bool
  /// When they were measured, by that node's clock.
  public var time: UTCTime
  /// How old they are, whatever its clock says.
  public var age: Duration64
  /// Nothing new came for so long that they may be wrong, or the link they come by does not stand.
  public var isStale: Bool
  public var values: [Frame.Vital]

  /// Older than this, they count as stale; they are told every ten seconds.
  public static let staleAfter = Duration64.seconds(35)
}

extension CityNode {
  /// What a principal may see of the vital signs, its own node's first.
  /// - Throws: ``Problem`` `forbidden`.
  public func vitals(
    _ board: VitalBoard, for principal: Principal
  ) throws(Problem) -> [VitalSigns] {
    let scope = scope(principal, .readLinks)
    guard !scope.isEmpty else { throw Problem(.forbidden, Denial.role.explanation) }
    let reports = board.reports(now: clock.now()).filter {
      scope.admits(Resource(jurisdiction: $0.jurisdiction))
    }
    let own = identity
    let all = engine.inspect { core in
      reports.map { report in
        let isOwn = report.node == own.node
        let neighbour = core.links.neighbour(report.node)
        let known = core.links.directory.first { $0.description.node == report.node }?.description
        let age = Duration64.microseconds(report.age * 1_000)
        return VitalSigns(
          node: report.node, name: isOwn ? own.name : neighbour?.name ?? known?.name,
          level: isOwn ? own.level : neighbour?.level ?? known?.level,
          jurisdiction: report.jurisdiction, isOwn: isOwn, time: report.time, age: age,
          isStale: age > VitalSigns.staleAfter || !core.links.isReachable(report.node),
          values: report.values)
      }
    }
    return all.filter(\.isOwn) + all.filter { !$0.isOwn }
  }

  /// Measures this node: what is open, what is late, what is silent, what is connected.
  /// - Parameters:
  ///   - devices: as they are now.
  ///   - lastSeen: when a device was heard from last; nil for never.
  ///   - rate: readings stored a second since the last measurement.
  public func measureVitals(
    devices: DeviceTable, lastSeen: (Device) -> UTCTime?, rate: Double
  ) async throws -> Frame.VitalReport {
    let now = clock.now()
    let tallies = try await reader.tally(ownedBy: identity.node, now: now)
    var values: [Frame.Vital] = []
    func add(_ name: String, _ count: Int) {
      values.append(Frame.Vital(name: name, value: Double(count)))
    }
    let warnings = tallies.filter { $0.kind == "wrn" }
    for grade in Grade.allCases.sorted(by: >) {
      add(
        "warnings.\(grade.rawValue)",
        warnings.filter { $0.grade == grade }.reduce(0) { $0 + $1.count })
    }
    add("warnings.unseen", warnings.filter { $0.stage == "raised" }.reduce(0) { $0 + $1.count })
    for (kind, word) in [("inc", "incidents"), ("tsk", "tasks")] {
      let open = tallies.filter { $0.kind == kind }
      add("\(word).open", open.reduce(0) { $0 + $1.count })
      add("\(word).overdue", open.reduce(0) { $0 + $1.overdue })
      var stages: [String: Int] = [:]
      for tally in open { stages[tally.stage, default: 0] += tally.count }
      for stage in stages.keys.sorted() { add("\(word).stage.\(stage)", stages[stage] ?? 0) }
    }
    values.append(Frame.Vital(name: "readings.rate", value: (rate * 10).rounded() / 10))
    var (total, silent) = (0, 0)
    for position in 0..<devices.count {
      let device = devices.device(at: position)
      guard device.status == .active else { continue }
      total += 1
      if lastSeen(device).map({ now - $0 > device.staleAfter }) ?? true { silent += 1 }
    }
    add("devices.total", total)
    add("devices.silent", silent)
    let (active, connected) = engine.inspect { core in
      let active = core.links.neighbours.filter { $0.standing == .active }
      return (
        active.count,
        active.filter { core.links.sessions[$0.node]?.phase == .established }.count
      )
    }
    add("links.total", active)
    add("links.connected", connected)
    return Frame.VitalReport(
      node: identity.node, jurisdiction: identity.jurisdiction, time: now, age: 0,
      values: Array(values.prefix(VitalLimits.values)))
  }
}
