public import CityCore

extension Frame {
  /// The last values of the vital signs of some nodes: the sender's own, and those that it was told
  /// of from below. Never journalled, never acknowledged; a later frame replaces an earlier one.
  public struct Vitals: Hashable, Sendable, Codable {
    public var reports: [VitalReport]
    public init(reports: [VitalReport]) { self.reports = reports }
  }

  /// What one node says of itself.
  public struct VitalReport: Hashable, Sendable, Codable {
    /// Whose values they are.
    public var node: NodeID
    public var jurisdiction: AdminCode
    /// When they were measured, by that node's clock.
    public var time: UTCTime
    /// Milliseconds since then, added up by those who passed it on, each by its own clock: it holds
    /// whatever the clocks say.
    public var age: Int64
    public var values: [Vital]
    public init(
      node: NodeID, jurisdiction: AdminCode, time: UTCTime, age: Int64, values: [Vital]
    ) {
      self.node = node
      self.jurisdiction = jurisdiction
      self.time = time
      self.age = age
      self.values = values
    }
  }

  public struct Vital: Hashable, Sendable, Codable {
    /// Such as `warnings.red`; see `docs/link-protocol.md`.
    public var name: String
    public var value: Double
    public init(name: String, value: Double) {
      self.name = name
      self.value = value
    }
  }
}

/// Bounds of the lane of vital signs.
public enum VitalLimits {
  /// Reports in one frame, and nodes that are remembered.
  public static let reportsPerFrame = 100
  public static let nodes = 10_000
  public static let values = 64
  public static let name = 64
  /// A report that is older is no sign of life.
  public static let oldest = Duration64.hours(1)
}

extension LinkEngine {
  /// What the release policy calls a report.
  public static let vitalsKind = "vitals.reported"

  /// Of some reports those that may go to a neighbour: released by policy, and not its own or from
  /// behind it.
  public func releasable(
    _ reports: [Frame.VitalReport], to peer: NodeID
  ) -> [Frame.VitalReport] {
    guard let neighbour = neighbourByID[peer], neighbour.standing == .active else { return [] }
    return reports.filter {
      $0.node != peer && route(to: $0.node) != peer && passes($0, neighbour, .outgoing)
    }
  }

  /// Of the reports of a neighbour those that are taken: of itself or of a node that is reached
  /// through it, for the ground that this node is known to have, let in by policy.
  func admissible(
    _ reports: [Frame.VitalReport], from peer: NodeID
  ) -> [Frame.VitalReport] {
    guard let neighbour = neighbourByID[peer] else { return [] }
    return reports.prefix(VitalLimits.reportsPerFrame).filter { report in
      guard report.node != node, route(to: report.node) == peer,
        let known = description(of: report.node),
        known.jurisdiction == report.jurisdiction, report.age >= 0,
        report.age <= VitalLimits.oldest.microseconds / 1_000,
        report.values.count <= VitalLimits.values,
        report.values.allSatisfy({
          $0.value.isFinite && (1...VitalLimits.name).contains($0.name.utf8.count)
        })
      else { return false }
      return passes(report, neighbour, .incoming)
    }
  }

  private func passes(
    _ report: Frame.VitalReport, _ neighbour: Neighbour, _ direction: LinkDirection
  ) -> Bool {
    gate.verdict(
      kind: Self.vitalsKind, labels: Labels(jurisdiction: report.jurisdiction),
      neighbour: neighbour, direction: direction, addressed: false, follows: false
    ).isReleased
  }
}
