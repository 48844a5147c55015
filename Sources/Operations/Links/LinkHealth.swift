import CityCore
import Linkage

/// What is remembered of a link over a restart.
struct LinkHealth: Hashable, Sendable, Codable {
  var lastHeard: UTCTime?
  var lastEventIn: UTCTime?
  var lastEventOut: UTCTime?
  var alarm: LinkAlarm?

  /// How far the store may lie behind while a link stands.
  static let interval = Duration64.seconds(60)
  static func document(_ node: NodeID) -> String { "link.health.\(node)" }

  mutating func note(_ session: LinkSession) {
    lastHeard = max(lastHeard ?? session.lastHeard, session.lastHeard)
    lastEventIn = session.lastEventIn ?? lastEventIn
    lastEventOut = session.lastEventOut ?? lastEventOut
  }
}

/// What a core remembers of its links beside their state.
struct LinkMemory: Sendable {
  var health: [NodeID: LinkHealth] = [:]
  /// Why a link does not stand. Of this life of the process only.
  var trouble: [NodeID: LinkTrouble] = [:]
  /// What the store holds of `health`, and since when.
  var kept: [NodeID: (health: LinkHealth, time: UTCTime)] = [:]
  /// Links whose health goes to the store at the next tick.
  var due: Set<NodeID> = []
}
