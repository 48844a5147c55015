public import CityCore

/// A photo or file that belongs to a case or task. The bytes lie with the evidence of the owning
/// node; this says which bytes.
public struct Evidence: Hashable, Sendable, Codable {
  /// Whether it shows how things were or how they are now.
  public enum Phase: String, Codable, Sendable, CaseIterable { case before, after }

  /// SHA-256 of the bytes.
  public var sha256: Digest32
  /// Bytes; 1...``Limits/evidence``.
  public var size: Int
  /// Such as `image/jpeg`.
  public var mediaType: String
  /// A file name for people; never used as a path.
  public var name: String
  /// Before or after handling.
  public var phase: Phase

  /// Most pieces of evidence that one case or task takes.
  public static let maximumCount = 200

  /// A description of bytes; ``checked(at:)`` says whether it is acceptable.
  public init(sha256: Digest32, size: Int, mediaType: String, name: String, phase: Phase) {
    self.sha256 = sha256
    self.size = size
    self.mediaType = mediaType
    self.name = name
    self.phase = phase
  }

  /// The same with its texts trimmed.
  /// - Throws: ``Problem`` `invalid` naming the field that is not acceptable.
  public func checked(at pointer: String) throws(Problem) -> Evidence {
    guard (1...Limits.evidence).contains(size) else {
      throw TextRule.fault(pointer + "/size", "1...\(Limits.evidence) bytes")
    }
    guard Self.isMediaType(mediaType) else {
      throw TextRule.fault(pointer + "/mediaType", "not a media type")
    }
    var copy = self
    copy.name = try TextRule.title(name, at: pointer + "/name", limit: 255)
    return copy
  }

  /// Checks a list that is to be added to what is there already. Pieces that are there already, by
  /// hash and phase, are left out: uploading twice is harmless.
  static func checked(
    _ list: [Evidence], after present: [Evidence], at pointer: String
  ) throws(Problem) -> [Evidence] {
    var out: [Evidence] = []
    for (index, item) in list.enumerated() {
      let item = try item.checked(at: "\(pointer)/\(index)")
      let isKnown = (present + out).contains { $0.sha256 == item.sha256 && $0.phase == item.phase }
      if !isKnown { out.append(item) }
    }
    guard present.count + out.count <= maximumCount else {
      throw TextRule.fault(pointer, "at most \(maximumCount) pieces of evidence")
    }
    return out
  }

  /// `type/subtype` of RFC 9110 tokens, at most 127 bytes, without parameters.
  static func isMediaType(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, text.utf8.count <= 127 else { return false }
    let marks = Array("!#$&^_.+-".utf8)
    return parts.allSatisfy { part in
      !part.isEmpty
        && part.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            || marks.contains($0)
        }
    }
  }
}
