/// A hybrid logical clock stamp (Kulkarni et al., 2014): wall time in milliseconds and a counter
/// that orders what happens within one. Sorts as (wall, counter).
public struct HybridTime: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let milliseconds: Int64
  public let counter: UInt32
  public init(milliseconds: Int64, counter: UInt32 = 0) {
    self.milliseconds = milliseconds
    self.counter = counter
  }
  public var time: UTCTime { UTCTime(milliseconds: milliseconds) }
  public static func < (a: HybridTime, b: HybridTime) -> Bool {
    (a.milliseconds, a.counter) < (b.milliseconds, b.counter)
  }
  /// Wall times that a stamp may carry: the years 0001-9999, as in the text form of ``UTCTime``. A
  /// greater one would be no time at all, and could not be passed on.
  private static let walls: ClosedRange<Int64> =
    UTCTime.sayable.lowerBound.milliseconds...UTCTime.sayable.upperBound.milliseconds

  /// `milliseconds.counter`, both decimal.
  public var description: String { String(milliseconds) + "." + String(counter) }
  /// Fails for anything else, and for wall times outside the years 0001-9999.
  public init?(_ text: String) {
    guard let cut = text.utf8.firstIndex(of: 0x2E), let wall = Int64(text[..<cut]),
      let counter = UInt32(text[text.utf8.index(after: cut)...]), Self.walls.contains(wall)
    else { return nil }
    self.init(milliseconds: wall, counter: counter)
  }
  /// Fails for anything else, and for wall times outside the years 0001-9999.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let wall = Int64(parts[0]), let counter = UInt32(parts[1]),
      Self.walls.contains(wall)
    else { return nil }
    self.init(milliseconds: wall, counter: counter)
  }
}

extension HybridTime: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = HybridTime(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a hybrid time is milliseconds.counter")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// The clock that stamps events: never goes back, follows remote stamps, but is not dragged along
/// by a neighbour whose clock is wrong.
public struct HybridClock: Sendable {
  public private(set) var last: HybridTime
  /// A remote stamp further ahead than this does not advance ours.
  public static let tolerance = Duration64.seconds(60)

  public init(last: HybridTime = HybridTime(milliseconds: 0)) { self.last = last }

  /// The stamp of something that happens here, now.
  public mutating func tick(now: UTCTime) -> HybridTime {
    let wall = now.milliseconds
    let (counter, isFull) = last.counter.addingReportingOverflow(1)
    if wall > last.milliseconds {
      last = HybridTime(milliseconds: wall)
    } else if isFull {
      // A neighbour's stamp may have any counter; beginning it again would turn the clock back.
      last = HybridTime(milliseconds: last.milliseconds + 1)
    } else {
      last = HybridTime(milliseconds: last.milliseconds, counter: counter)
    }
    return last
  }

  /// Takes note of a stamp that came from elsewhere.
  /// - Returns: false when it was too far ahead and was ignored.
  @discardableResult
  public mutating func observe(_ remote: HybridTime, now: UTCTime) -> Bool {
    guard remote.time <= now + Self.tolerance else { return false }
    if remote > last { last = remote }
    return true
  }
}
