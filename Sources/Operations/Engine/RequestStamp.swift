public import CityCore
import CityJSON
public import Journal

/// The `Idempotency-Key` that the present task works for. What the task performs first and changes
/// something puts the key on record in the same transaction: should the node stop before the answer
/// is sent, the request sent again finds out that it was done.
public struct RequestStamp: Hashable, Sendable {
  /// Set around a use case by whoever received the request.
  @TaskLocal public static var current: RequestStamp?

  /// Status of a record whose answer was never told.
  public static let unanswered = 0

  /// Scoped by who sent it: `principal/key`.
  public let key: String
  public let fingerprint: Digest32
  public let expires: UTCTime

  public init(key: String, fingerprint: Digest32, expires: UTCTime) {
    self.key = key
    self.fingerprint = fingerprint
    self.expires = expires
  }

  /// What is put on record with the deed.
  func record(_ thing: ThingID?) -> IdempotencyRecord {
    var json = JSONWriter(capacity: 64)
    json.beginObject()
    json.member("thing", thing?.rawValue)
    json.endObject()
    return IdempotencyRecord(
      key: key, fingerprint: fingerprint, status: Self.unanswered, response: json.bytes,
      expires: expires)
  }

  /// The thing that an unanswered record is about.
  public static func thing(_ record: IdempotencyRecord) -> ThingID? {
    guard record.status == unanswered, let value = try? JSON.parse(record.response) else {
      return nil
    }
    return value["thing"]?.stringValue.flatMap(ThingID.init(rawValue:))
  }
}
