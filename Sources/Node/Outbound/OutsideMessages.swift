import CityCore
import CityJSON
import Journal
import Operations
import Outbound

/// What is told to the outside, in the shape in which it leaves.
enum OutsideMessages {
  /// An event: what consoles hear of it, with its public body. Personal values are not in bodies.
  static func message(_ item: PositionedEvent) -> Outbound.OutboundMessage {
    let header = item.event.header
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("event", header.id.description)
    writer.member("kind", header.kind)
    writer.member("thing", header.thing.rawValue)
    writer.member("version", header.version)
    writer.member("time", header.time.time.description)
    writer.member("grade", header.labels.grade?.rawValue)
    writer.member("jurisdiction", header.labels.jurisdiction.rawValue)
    writer.member("node", header.id.node.rawValue)
    if (try? JSON.parse(item.event.body)) != nil {
      writer.key("body")
      writer.raw(item.event.body)
    }
    writer.endObject()
    return Outbound.OutboundMessage(
      id: header.id.description, type: "org.citybeacon.\(header.kind)",
      source: "/nodes/\(header.id.node)", subject: header.thing.rawValue,
      time: header.time.time, data: writer.bytes, title: header.kind, text: header.kind)
  }

  /// An unacknowledged alarm, in both languages: nobody knows who will read it.
  static func message(
    _ message: Operations.OutboundMessage, node: NodeID
  ) -> Outbound.OutboundMessage {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("thing", message.thing.rawValue)
    writer.member("grade", message.grade.rawValue)
    writer.endObject()
    return Outbound.OutboundMessage(
      id: message.id, type: "org.citybeacon.alarm.unacknowledged", source: "/nodes/\(node)",
      subject: message.thing.rawValue, time: message.queued, data: writer.bytes,
      title: line("\(message.subject.zh) / \(message.subject.en)"),
      text:
        "\(message.text.zh)\n\n\(message.text.en)\n\n\(message.thing) \(message.grade.rawValue)\n")
  }

  /// One line of a length that fits into a header, whatever people wrote in a title.
  private static func line(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      let next =
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: " "
        default: String(scalar)
        }
      guard out.utf8.count + next.utf8.count <= 900 else { break }
      out += next
    }
    return out
  }
}
