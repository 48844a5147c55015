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
  /// What decides who may see it: where it happened, how confidential it is, and to whom what it
  /// happened to belongs.
  public private(set) var resource: Resource
  /// The same of the thing as it stands now, which may have gone to others since. Nil for what is
  /// about no thing.
  public private(set) var standing: Resource?
  /// JSON. Shared by everybody who gets it.
  public let data: [UInt8]

  public init(
    position: Int64?, kind: String, thing: ThingID? = nil, resource: Resource,
    standing: Resource? = nil, data: [UInt8]
  ) {
    self.position = position
    self.kind = kind
    self.thing = thing
    self.resource = resource
    self.data = data
    if let standing { stand(standing) }
  }

  /// The thing belongs there now; the event keeps where it happened and its class.
  mutating func stand(_ now: Resource) {
    standing = now
    resource.organisation = now.organisation
    resource.owner = now.owner
  }

  /// Whether somebody with this scope may hear of it: they may see the event, and they may see the
  /// thing as it is now.
  public func isAdmitted(by scope: Scope) -> Bool {
    guard scope.admits(resource) else { return false }
    return standing.map { $0 == resource || scope.admits($0) } ?? true
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
