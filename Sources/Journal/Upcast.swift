import CityCore

/// Brings bodies of old versions up to the present shape: pure functions, each with a golden file
/// in the tests. Stored bytes are never rewritten.
public struct UpcasterTable: Sendable {
  public typealias Upcast = @Sendable ([UInt8]) -> [UInt8]
  private var steps: [String: [Int: Upcast]] = [:]
  public init() {}

  /// Adds the step from `version` to `version + 1` of a kind.
  public mutating func register(kind: String, from version: Int, _ upcast: @escaping Upcast) {
    steps[kind, default: [:]][version] = upcast
  }

  /// The body in the newest shape known here, and its version.
  public func current(kind: String, version: Int, body: [UInt8]) -> (version: Int, body: [UInt8]) {
    var version = version
    var body = body
    while let step = steps[kind]?[version] {
      body = step(body)
      version += 1
    }
    return (version, body)
  }
}
