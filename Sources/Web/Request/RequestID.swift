import Synchronization

/// Names one request in its response, in problems and in logs. Thirteen characters: it fits into a
/// string without memory of its own.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  private static let alphabet: StaticString = "0123456789abcdefghjkmnpqrstvwxyz"

  public var description: String {
    String(unsafeUninitializedCapacity: 13) { buffer in
      Self.alphabet.withUTF8Buffer { alphabet in
        var rest = rawValue
        for index in stride(from: 12, through: 0, by: -1) {
          buffer[index] = alphabet[Int(rest & 31)]
          rest >>= 5
        }
      }
      return 13
    }
  }
}

/// Where request ids come from.
public protocol RequestIDSource: Sendable {
  func next() -> RequestID
}

/// Ids that do not repeat within a process and, most likely, among processes: a counter from a
/// random start, mixed so that neighbours look different.
public final class CountingRequestIDs: RequestIDSource {
  private let counter: Atomic<UInt64>

  /// - Parameter seed: random in production, fixed in tests.
  public init(seed: UInt64) { counter = Atomic(seed) }

  public func next() -> RequestID {
    var z = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return RequestID(rawValue: z ^ (z >> 31))
  }
}
