/// Lower-case hexadecimal text.
public enum Hex {
  private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

  public static func string(_ bytes: some Sequence<UInt8>) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.underestimatedCount * 2)
    append(bytes, to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the digits, without an intermediate string.
  public static func append(_ bytes: some Sequence<UInt8>, to out: inout [UInt8]) {
    for byte in bytes {
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
  }

  /// Sixteen digits.
  public static func string(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { out in
      for index in 0..<16 {
        out[index] = digits[Int(value >> UInt64(60 - 4 * index) & 15)]
      }
      return 16
    }
  }

  /// The bytes, or nil when the length is odd or a character is no hexadecimal digit.
  public static func bytes(_ text: some StringProtocol) -> [UInt8]? { bytes(utf8: text.utf8) }
  public static func bytes(_ text: String) -> [UInt8]? {
    text.utf8.withContiguousStorageIfAvailable { bytes(utf8: $0) } ?? bytes(utf8: text.utf8)
  }

  private static func bytes(utf8 source: some Collection<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(source.count / 2)
    var high: UInt8?
    for digit in source {
      guard let value = value(digit) else { return nil }
      if let first = high {
        out.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? out : nil
  }

  static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    case 0x41...0x46: digit - 0x41 + 10
    default: nil
    }
  }
}

/// Thirty-two bytes of SHA-256 or HMAC-SHA-256.
public struct Digest32: Hashable, Sendable, Codable, CustomStringConvertible {
  public let bytes: [UInt8]
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }
  public init?(hex: some StringProtocol) {
    guard let bytes = Hex.bytes(hex) else { return nil }
    self.init(bytes)
  }
  private init(unchecked: [UInt8]) { bytes = unchecked }
  /// Stands before the first event of an epoch.
  public static let zero = Digest32(unchecked: [UInt8](repeating: 0, count: 32))
  public var description: String { Hex.string(bytes) }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Digest32(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a digest is 64 hexadecimal digits")
    }
    self = value
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
