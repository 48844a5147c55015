public import CityCore
import Crypto

/// Time-based one-time codes (RFC 6238): HMAC-SHA-1, steps of 30 s, six digits, as every
/// authenticator app makes them.
public enum TOTP {
  /// Seconds of one step.
  public static let step: Int64 = 30
  public static let digits = 6
  /// Steps that the other clock may be off, either way.
  public static let window: Int64 = 1
  /// Bytes of a new secret (RFC 4226, 4 R6).
  public static let secretLength = 20

  public static func makeSecret(random: inout some RandomSource) -> [UInt8] {
    random.bytes(secretLength)
  }

  /// The code of a counter (RFC 4226, 5.3).
  /// - Parameter digits: 1...9.
  static func code(_ secret: [UInt8], counter: Int64, digits: Int = TOTP.digits) -> String {
    let message = (0..<8).map {
      UInt8(truncatingIfNeeded: UInt64(bitPattern: counter) >> UInt64(56 - 8 * $0))
    }
    let mac = Array(
      HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
    let offset = Int((mac.last ?? 0) & 15)
    var value: UInt32 = 0
    for byte in mac[offset..<(offset + 4)] { value = value << 8 | UInt32(byte) }
    value &= 0x7FFF_FFFF
    var modulus: UInt32 = 1
    for _ in 0..<digits { modulus *= 10 }
    let text = String(value % modulus)
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }

  /// The code that is right now.
  public static func code(_ secret: [UInt8], at now: UTCTime) -> String {
    code(secret, counter: counter(at: now))
  }

  /// Checks a code.
  /// - Parameter lastUsed: the step of the last code that was accepted; that one and all before it
  ///   are refused, so that an overheard code is worth nothing (RFC 6238, 5.2).
  /// - Returns: the step to store as the new `lastUsed`, or nil when the code is wrong or used.
  public static func verify(
    _ code: String, secret: [UInt8], lastUsed: Int64?, now: UTCTime
  ) -> Int64? {
    let given = Array(code.utf8.filter { $0 != 0x20 })
    let current = counter(at: now)
    var matched: Int64?
    // Every step of the window is computed, so that the time taken tells nothing.
    for counter in (current - window)...(current + window) {
      let expected = Array(self.code(secret, counter: counter).utf8)
      if ConstantTime.equal(given, expected), counter > (lastUsed ?? .min) { matched = counter }
    }
    return matched
  }

  /// The address that an authenticator app reads from a QR code
  /// (github.com/google/google-authenticator/wiki/Key-Uri-Format).
  public static func provisioningURI(secret: [UInt8], login: String, issuer: String) -> String {
    "otpauth://totp/\(escape(issuer)):\(escape(login))?secret=\(Base32.string(secret))"
      + "&issuer=\(escape(issuer))&algorithm=SHA1&digits=\(digits)&period=\(step)"
  }

  /// The secret as a person types it, in groups of four.
  public static func readable(_ secret: [UInt8]) -> String {
    var out = ""
    for (index, character) in Base32.string(secret).enumerated() {
      if index > 0, index.isMultiple(of: 4) { out += " " }
      out.append(character)
    }
    return out
  }

  private static func counter(at now: UTCTime) -> Int64 {
    let seconds = now.seconds
    return seconds >= 0 ? seconds / step : (seconds - step + 1) / step
  }

  private static func escape(_ text: String) -> String {
    var out = ""
    for byte in text.utf8 {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E:
        out.unicodeScalars.append(Unicode.Scalar(byte))
      default: out += "%" + Hex.string([byte]).uppercased()
      }
    }
    return out
  }
}
