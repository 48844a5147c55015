import CityCore
import Synchronization

/// `Date` fields (IMF-fixdate of RFC 9110), made once a second.
final class HTTPDate: Sendable {
  private let cached = Mutex<(second: Int64, text: String)>((.min, ""))

  func text(at time: UTCTime) -> String {
    let second = time.seconds
    return cached.withLock { cached in
      if cached.second != second { cached = (second, Self.format(second: second)) }
      return cached.text
    }
  }

  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// `Sun, 06 Nov 1994 08:49:37 GMT`.
  static func format(second: Int64) -> String {
    let inDay = ((second % 86_400) + 86_400) % 86_400
    let day = (second - inDay) / 86_400
    let date = UTCTime.civil(fromDay: day)
    let name = days[Int(((day % 7) + 7) % 7)]
    let clock = [inDay / 3_600, inDay / 60 % 60, inDay % 60].map(two).joined(separator: ":")
    return "\(name), \(two(date.day)) \(months[Int(date.month) - 1]) \(date.year) \(clock) GMT"
  }

  private static func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
