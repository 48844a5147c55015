public import CityCore
public import Devices

/// Where readings become durable. The node's telemetry store, seen from here.
public protocol ReadingLog: Sendable {
  /// The store's number of a device or property, made when it has none.
  func number(ofDevice name: String) throws(Problem) -> Int32
  func number(ofProperty name: String) throws(Problem) -> Int32
  /// Hands in a batch; `completion` runs on the writer's thread when all of it is durable.
  /// - Throws: ``Problem`` `tooMany` when too much waits.
  func store(
    _ batch: ReadingBatch,
    completion: @escaping @Sendable (Result<StoredReadings, Problem>) -> Void
  ) throws(Problem)
  /// Reads again what was stored after a position, oldest first.
  /// - Returns: the position up to which everything was read.
  func replay(
    after position: Int64, _ body: (ReadingBatch) throws -> Void
  ) throws -> Int64
  /// Everything up to here was evaluated and need not be found again.
  func forget(through position: Int64)
}

/// What became of a batch.
public struct StoredReadings: Sendable, Hashable {
  public var position: Int64
  /// Rows of the batch that are new.
  public var stored: Int
  /// Rows that were there already with the same value.
  public var duplicates: [Int]
  /// Rows for which another value is there; the first wins.
  public var conflicts: [Int]
  /// Rows older than what is kept.
  public var expired: [Int]
  public init(
    position: Int64, stored: Int, duplicates: [Int], conflicts: [Int], expired: [Int]
  ) {
    self.position = position
    self.stored = stored
    self.duplicates = duplicates
    self.conflicts = conflicts
    self.expired = expired
  }
}

/// What the sender of a batch is told.
public struct IngestReply: Sendable, Hashable {
  /// Rows that are durable now, duplicates included.
  public var accepted: Int
  public var duplicates: Int
  public var rejected: [RejectedRow]
  public init(accepted: Int, duplicates: Int, rejected: [RejectedRow]) {
    self.accepted = accepted
    self.duplicates = duplicates
    self.rejected = rejected
  }
}
