import CityCore
import Linkage

/// Releases that the neighbour acknowledged, packed: 2-4 bytes each instead of a row.
///
/// They cannot go altogether. A neighbour that is restored from a backup says how far it had come
/// then, and is sent the rest in the numbers that it had (`docs/link-protocol.md`, *Opening, and
/// rewinding*); which event had which number is written nowhere else.
enum ReleaseBlock {
  /// Releases in a block.
  static let length = 1_000
  /// Acknowledged releases that stay as rows: a reconnecting neighbour rewinds no further.
  static let slack: Int64 = 4_000

  /// - Parameter releases: without gaps in their numbers.
  static func pack(_ releases: [Release]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(releases.count * 3)
    var (position, policy) = (Int64(0), Int64(0))
    for release in releases {
      append(release.position - position, to: &bytes)
      let step = Int64(release.policyVersion) - policy
      append(step << 1 | (release.withSealed ? 1 : 0), to: &bytes)
      (position, policy) = (release.position, Int64(release.policyVersion))
    }
    return bytes
  }

  /// - Parameter first: the number of the first release.
  /// - Throws: `corrupted`.
  static func unpack(_ bytes: [UInt8], first: Int64) throws(Problem) -> [Release] {
    var releases: [Release] = []
    var rest = bytes[...]
    var (position, policy) = (Int64(0), Int64(0))
    while !rest.isEmpty {
      guard let step = take(&rest), let packed = take(&rest) else {
        throw Problem(.corrupted, "a block of releases cannot be read")
      }
      position &+= step
      policy &+= packed >> 1
      releases.append(
        Release(
          linkSeq: first + Int64(releases.count), position: position,
          policyVersion: Int(policy), withSealed: packed & 1 == 1))
    }
    return releases
  }

  /// Seven bits a byte, least first, the sign in the lowest bit.
  private static func append(_ value: Int64, to bytes: inout [UInt8]) {
    var left = UInt64(bitPattern: value << 1 ^ value >> 63)
    while left >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: left) | 0x80)
      left >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: left))
  }

  private static func take(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = bytes.popFirst(), shift < 64 {
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return Int64(bitPattern: value >> 1 ^ (0 &- (value & 1))) }
      shift += 7
    }
    return nil
  }
}
