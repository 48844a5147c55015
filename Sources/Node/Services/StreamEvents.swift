import Access
import CityCore
import CityJSON
import Journal
import Operations
import Web

/// Journal events in the shape in which consoles and programs hear of them.
enum StreamEvents {
  /// Nil for what is nobody's business on a stream: audit, descriptions of nodes, and what is about
  /// a thing that is not known here.
  static func event(_ told: ToldEvent) -> StreamEvent? {
    let item = told.item
    let header = item.event.header
    guard !["adt", "nod"].contains(header.thing.kind), let standing = told.standing else {
      return nil
    }
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
    writer.endObject()
    return StreamEvent(
      position: item.position, kind: header.kind, thing: header.thing,
      resource: Resource(header.labels), standing: standing, data: writer.bytes)
  }
}
