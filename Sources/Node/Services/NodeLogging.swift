import CityCore
import CityJSON
import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Structured logs on standard error: text for people, or one JSON object a line.
public enum NodeLogging {
  /// Call once, before anything logs.
  public static func start(_ settings: NodeSettings.Log, node: String) {
    let level = Logger.Level(rawValue: settings.level) ?? .info
    let isJSON = settings.format == "json"
    LoggingSystem.bootstrap { label in
      guard isJSON else {
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = level
        return handler
      }
      return JSONLogHandler(label: label, node: node, level: level)
    }
  }
}

/// One JSON object a line.
struct JSONLogHandler: LogHandler {
  let label: String
  let node: String
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(label: String, node: String, level: Logger.Level) {
    self.label = label
    self.node = node
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("time", SystemClock().now().description)
    writer.member("level", event.level.rawValue)
    writer.member("node", node)
    writer.member("message", event.message.description)
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for key in all.keys.sorted() { writer.member(key, all[key].map { "\($0)" }) }
    writer.endObject()
    let line = writer.bytes + [0x0A]
    line.withUnsafeBytes { _ = write(2, $0.baseAddress, $0.count) }
  }
}
