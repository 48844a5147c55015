public import Access
public import CityCore

/// Something that people who watch are told at once.
public struct StreamEvent: Sendable {
  /// Where it lies in the node's journal: streams resume after it. Nil for what is not worth
  /// repeating, such as the state of a link. Grows from event to event.
  public let position: Int64?
  /// `incident.filed`; what a page listens to.
  public let kind: String
  public let thing: ThingID?
  /// What decides who may see it.
  public let resource: Resource
  /// JSON. Shared by everybody who gets it.
  public let data: [UInt8]

  public init(
    position: Int64?, kind: String, thing: ThingID? = nil, resource: Resource, data: [UInt8]
  ) {
    self.position = position
    self.kind = kind
    self.thing = thing
    self.resource = resource
    self.data = data
  }
}

/// The identity of an event in the field `Last-Event-ID`: the life of the journal and the position.
struct StreamPosition: Hashable, CustomStringConvertible {
  let stream: String
  let position: Int64

  init(stream: String, position: Int64) {
    self.stream = stream
    self.position = position
  }

  init?(_ text: String) {
    guard text.utf8.count <= 96, let cut = text.lastIndex(of: "-"),
      let position = Int64(text[text.index(after: cut)...]), position >= 0
    else { return nil }
    stream = String(text[..<cut])
    self.position = position
  }

  var description: String { "\(stream)-\(position)" }
}
