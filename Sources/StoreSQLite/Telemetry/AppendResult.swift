/// A row of a batch that was not simply stored.
public struct RowException: Sendable, Hashable {
  public enum Outcome: Sendable, Hashable {
    /// The same reading was there already. As good as stored.
    case duplicate
    /// Another value is there for this device, property and time. The first wins.
    case conflict(stored: Double)
    /// It is older than what this node keeps; see ``TelemetryConfiguration/retention``.
    case expired
  }
  /// From 0.
  public let row: Int
  public let outcome: Outcome

  public init(row: Int, outcome: Outcome) {
    self.row = row
    self.outcome = outcome
  }
}

/// What became of a batch. All of it is durable.
public struct AppendResult: Sendable, Hashable {
  /// Grows with every batch; gaps are possible. The rules note how far they came with it.
  public let position: Int64
  /// Rows that are new.
  public let stored: Int
  /// The other rows, in order.
  public let exceptions: [RowException]
}
