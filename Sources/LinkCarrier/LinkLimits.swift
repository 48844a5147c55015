public import CityCore
import NIOCore

/// Sizes, counts and times of a link port and of the connections through it.
public struct LinkLimits: Sendable, Hashable {
  /// Bytes of one text message, fragments together.
  public var textFrame = Limits.linkFrame
  /// Bytes of one binary message: a 256 kB chunk of evidence and its header.
  public var binaryFrame = 300_000
  /// We say something at least this often, whatever else is going on.
  public var pingInterval = Duration64.seconds(3)
  /// A connection without one inbound byte for this long is dead. With the time it takes to notice
  /// (a quarter of a ping interval) this stays below 10 s.
  public var silence = Duration64.seconds(9)
  /// From accepting a connection to having its request head.
  public var handshake = Duration64.seconds(5)
  /// From the request head of a join or renewal to its answer.
  public var request = Duration64.seconds(15)
  /// How long a close may take before the connection is cut.
  public var closeGrace = Duration64.seconds(1)
  /// At this many bytes on their way, ``LinkConnection/isWritable`` turns false.
  public var outboundHigh = 1 << 20
  /// Below this many, ``LinkHandler/writable(_:)`` is called.
  public var outboundLow = 256 << 10
  /// A reader that lets more than this pile up is cut off.
  public var outboundCap = 32 << 20
  /// Open connections to the port, all addresses together, joiners included.
  public var connections = 1_024
  /// Open connections from one address.
  public var connectionsPerAddress = 256
  /// Joins that one address may try within a minute.
  public var joinsPerMinute = 30
  /// Joins and renewals in hand at once.
  public var concurrentJoins = 8
  /// Bytes of the body of a join or renewal.
  public var requestBody = 64 << 10

  public init() {}
}

extension Duration64 {
  var amount: TimeAmount { .microseconds(microseconds) }
}
