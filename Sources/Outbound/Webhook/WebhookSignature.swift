public import CityCore
import Crypto

/// `CityBeacon-Signature: t=1700000000,v1=<hex>`: HMAC-SHA256 over the time, a full stop and the
/// body. The time is under the signature, so that an old message cannot be sent again later.
public enum WebhookSignature {
  public static let header = "CityBeacon-Signature"
  /// How far the receiver lets the clocks differ.
  public static let tolerance = Duration64.minutes(5)

  /// One `v1` for each secret.
  public static func value(body: [UInt8], secrets: [[UInt8]], time: UTCTime) -> String {
    secrets.reduce(into: "t=\(time.seconds)") { text, secret in
      text += ",v1=\(Hex.string(code(body, secret, time.seconds)))"
    }
  }

  /// What a receiver does: true when one signature fits the secret and the time is near.
  public static func verifies(
    _ value: String, body: [UInt8], secret: [UInt8], now: UTCTime,
    tolerance: Duration64 = Self.tolerance
  ) -> Bool {
    var seconds: Int64?
    var codes: [[UInt8]] = []
    for part in value.split(separator: ",") {
      if part.hasPrefix("t=") { seconds = Int64(part.dropFirst(2)) }
      if part.hasPrefix("v1="), let code = Hex.bytes(part.dropFirst(3)) { codes.append(code) }
    }
    guard let seconds, case let age = now - UTCTime(seconds: seconds),
      age <= tolerance, age >= .microseconds(-tolerance.microseconds)
    else { return false }
    let key = SymmetricKey(data: secret)
    return codes.contains {
      HMAC<SHA256>.isValidAuthenticationCode(
        $0, authenticating: signed(body, seconds), using: key)
    }
  }

  private static func code(_ body: [UInt8], _ secret: [UInt8], _ seconds: Int64) -> [UInt8] {
    Array(
      HMAC<SHA256>.authenticationCode(
        for: signed(body, seconds), using: SymmetricKey(data: secret)))
  }

  private static func signed(_ body: [UInt8], _ seconds: Int64) -> [UInt8] {
    Array("\(seconds).".utf8) + body
  }
}
