public import CityCore

/// The volatile side of one link: from the moment a connection stands until it breaks.
public struct LinkSession: Hashable, Sendable {
  public enum Phase: String, Sendable, Codable { case greeting, established }
  public let connection: UInt64
  public let opened: UTCTime
  public internal(set) var phase: Phase = .greeting
  public internal(set) var lastHeard: UTCTime
  public internal(set) var peer: Frame.Hello?
  /// Highest release that went into this connection.
  public internal(set) var sentThrough: Int64 = 0
  /// Peer's clock minus ours, microseconds, and half the round trip of that measurement.
  public internal(set) var offset: Int64?
  public internal(set) var uncertainty: Int64?
  /// When the offset was measured.
  public internal(set) var measured: UTCTime?
  /// The peer's highest release on this link, by its last ping.
  public internal(set) var peerReleased: Int64 = 0
  public internal(set) var lastPing: UTCTime?
  /// Local position after which the search for what a restored peer lost goes on; nil when no
  /// answer is under way.
  var returning: Int64?
  public internal(set) var eventsIn: Int64 = 0
  public internal(set) var eventsOut: Int64 = 0
  /// When the neighbour's last event came, and when it acknowledged the last one of ours.
  public internal(set) var lastEventIn: UTCTime?
  public internal(set) var lastEventOut: UTCTime?
  /// Another process that showed the same certificate while this connection stood.
  public internal(set) var rival: Rival?

  /// A second process that holds the certificate of a neighbour. While it may still be the same node
  /// after a crash whose old connection nobody closed, it is only suspected.
  public struct Rival: Hashable, Sendable {
    public internal(set) var first: UTCTime
    public internal(set) var last: UTCTime
    public internal(set) var times: Int
  }

  /// Whether there are two for certain: the connection was heard from long after the other process
  /// showed up, and what was on its way then has come since.
  public var hasTwin: Bool {
    rival.map { lastHeard - $0.first > LinkTiming.twinProof } ?? false
  }

  mutating func noteRival(now: UTCTime) {
    rival = Rival(first: rival?.first ?? now, last: now, times: (rival?.times ?? 0) + 1)
  }

  init(connection: UInt64, now: UTCTime) {
    self.connection = connection
    opened = now
    lastHeard = now
  }

  /// Takes note of a measurement, when it is better than the one we have or that one is old.
  mutating func measure(_ pong: Frame.Pong, now: UTCTime) {
    let roundTrip = (now - pong.echo).microseconds - (pong.sent - pong.received).microseconds
    guard roundTrip >= 0 else { return }
    let half = roundTrip / 2
    let age = measured.map { (now - $0).microseconds } ?? .max
    guard half <= (uncertainty ?? .max) || age > 60_000_000 else { return }
    // NTP's formula (RFC 5905, section 8).
    offset =
      ((pong.received - pong.echo).microseconds &+ (pong.sent - now).microseconds) / 2
    uncertainty = half
    measured = now
  }
}

/// Numbers of the protocol that both ends must know.
public enum LinkTiming {
  public static let ping = Duration64.seconds(2)
  /// Without a frame for this long a connection counts as broken.
  public static let silence = Duration64.seconds(8)
  /// A connection that is still heard from so long after another process showed its certificate
  /// belongs to another process indeed. Longer than ``ping``.
  public static let twinProof = Duration64.seconds(3)
  /// Events that may be on their way unacknowledged.
  public static let window: Int64 = 6_000
  /// Events in one data frame.
  public static let batch = 200
  /// Frames of lost events that go out in one turn.
  public static let returnedFrames = 16
  /// Releases that are read at once while a frame is filled: with long texts fewer fit.
  static let read = 50
  /// Positions that are searched for one such frame.
  public static let returnedSearch = 200
  /// Bytes of event text in one data frame.
  public static let batchBytes = 400_000
}
