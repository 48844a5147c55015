public import CityCore

/// The first password of a person, told once by an administrator and changed at the first login.
public enum OneTimePassword {
  /// How long it is good for.
  public static let lifetime = Duration64.hours(72)

  /// Sixteen characters of Crockford's base 32 in four groups: 80 random bits, easy to read aloud.
  public static func make(random: inout some RandomSource) -> String {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    var out: [UInt8] = []
    for (index, byte) in random.bytes(16).enumerated() {
      if index > 0, index.isMultiple(of: 4) { out.append(0x2D) }
      out.append(alphabet[Int(byte & 31)])
    }
    return String(decoding: out, as: UTF8.self)
  }
}
