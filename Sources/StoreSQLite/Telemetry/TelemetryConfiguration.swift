public import CityCore

/// How the readings of a node are kept.
public struct TelemetryConfiguration: Sendable {
  /// The folder of the files; made when it does not exist.
  public var folder: String
  /// The span of one file, whole minutes. Fixed when the folder is made: another value later is
  /// refused, since the files would overlap.
  public var partitionLength = Duration64.days(1)
  /// Files whose last reading could be older than this are dropped by ``TelemetryStore/maintain(now:)``.
  /// Nil keeps everything.
  public var retention: Duration64? = .days(90)
  /// Readings older than this are moved, in the background, to the order in which one series is read
  /// fast. Younger ones stay in the order in which they can be written fast: reading a series scans
  /// them all, so this bounds what the newest part of a history costs.
  public var clusterAfter = Duration64.minutes(5)
  /// Readings moved in one transaction. The writer waits for it.
  public var clusterChunk = 5_000
  /// Nothing is moved while more rows than this wait for the writer.
  public var clusterBacklog = 10_000
  /// Readings that share one commit at most.
  public var groupRows = 50_000
  /// Readings that may wait for the writer; more are refused with `tooMany`.
  public var pendingRows = 500_000
  /// Pages of 4,096 bytes that one file may have; writing more is `storageFull`. Nil: no limit.
  public var partitionPages: Int?

  public init(folder: String) { self.folder = folder }
}
