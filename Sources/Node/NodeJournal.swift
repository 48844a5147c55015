public import CityCore
import CityJSON
import Journal
import Operations
import StoreSQLite

extension NodeDoctor {
  /// One event of the journal, as the command line tells it. Sealed parts stay sealed.
  public struct EventLine: Sendable {
    public var position: Int64
    public var event: String
    public var kind: String
    public var thing: String
    public var version: Int64
    public var time: String
    public var actor: String
    /// All of it as one JSON object.
    public var json: String
  }

  /// Tells events in the order in which this node stored them. The node may run.
  /// - Parameters:
  ///   - after: the position before the first one told.
  ///   - limit: events at most.
  ///   - thing: only events of this thing.
  /// - Throws: ``Problem`` `configuration` when there is no node; what the store throws.
  public static func show(
    _ settings: NodeSettings, after: Int64, limit: Int, thing: ThingID?,
    tell: (EventLine) -> Void
  ) async throws {
    let home = NodeHome(settings.data)
    guard home.exists else { throw Problem(.configuration, "there is no node in \(home.path)") }
    let storage = try SQLiteNodeStore(path: home.database)
    defer { storage.close() }
    let page = 500
    var at = after
    var left = limit
    while left > 0 {
      let wanted = min(page, left)
      let events =
        if let thing {
          // A thing has few events: one read, and the rest is skipped.
          try await storage.reader.events(of: [thing], limit: 10_000).filter { $0.position > at }
            .prefix(left).map { $0 }
        } else {
          try await storage.reader.events(after: at, limit: wanted)
        }
      for item in events { tell(try line(item)) }
      guard let last = events.last, events.count == wanted, thing == nil else { return }
      at = last.position
      left -= events.count
    }
  }

  private static func line(_ item: PositionedEvent) throws -> EventLine {
    let header = item.event.header
    var json = JSONWriter(capacity: 512)
    json.beginObject()
    json.member("position", item.position)
    json.member("event", header.id.description)
    json.member("kind", header.kind)
    json.member("thing", header.thing.rawValue)
    json.member("version", header.version)
    json.member("term", header.term)
    json.member("time", header.time.time.description)
    json.key("actor")
    try json.encode(header.actor)
    json.member("hash", item.event.hash.description)
    json.key("body")
    json.raw(item.event.body)
    json.endObject()
    return EventLine(
      position: item.position, event: header.id.description, kind: header.kind,
      thing: header.thing.rawValue, version: Int64(header.version),
      time: header.time.time.description, actor: header.actor.id.rawValue,
      json: String(decoding: json.bytes, as: UTF8.self))
  }
}
