public import CityCore

/// What one listener lets a client do. Everything else about a request is limited by its route.
public struct ListenerLimits: Sendable, Hashable {
  /// Open connections in all. The next one gets 503 and is closed.
  public var connections = 4_096
  /// Open connections of one address (IPv6: of one /64). Loopback is exempt.
  public var connectionsPerAddress = 256
  /// Bytes of all header fields of one request.
  public var headerBytes = 16 << 10
  /// Header fields of one request.
  public var headerCount = 100
  /// From the first byte of a request to the end of its header.
  public var headerTime = Duration64.seconds(10)
  /// From the header of a request to the end of its body, beside what ``minimumRate`` grants.
  public var bodyTime = Duration64.seconds(20)
  /// A body may take a second longer for each of so many bytes that arrived.
  public var minimumRate = 16 << 10
  /// How long a connection may wait between two requests.
  public var idleTime = Duration64.seconds(75)
  /// How long a client may leave a response unread.
  public var writeTime = Duration64.seconds(30)
  /// How long the answer to a body that came too slowly may take before the connection is cut.
  public var farewellTime = Duration64.seconds(2)

  public init() {}

  /// - Throws: `configuration`, one fault for each value that is not positive.
  public func validate() throws(Problem) {
    let numbers: [(String, Int64)] = [
      ("connections", Int64(connections)),
      ("connectionsPerAddress", Int64(connectionsPerAddress)),
      ("headerBytes", Int64(headerBytes)), ("headerCount", Int64(headerCount)),
      ("headerTime", headerTime.microseconds), ("bodyTime", bodyTime.microseconds),
      ("minimumRate", Int64(minimumRate)), ("idleTime", idleTime.microseconds),
      ("writeTime", writeTime.microseconds), ("farewellTime", farewellTime.microseconds),
    ]
    let faults = numbers.filter { $0.1 <= 0 }.map {
      Problem.Fault(at: "limits.\($0.0)", reason: "must be greater than 0")
    }
    guard faults.isEmpty else {
      throw Problem(.configuration, "the limits of the listener", faults: faults)
    }
  }
}
