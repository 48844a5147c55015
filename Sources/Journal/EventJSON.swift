public import CityCore
public import CityJSON

// Headers, hops and arrivals are written and read for every event on every link, at both ends, and
// once more at the store. Here they are taken apart by hand: the same bytes as by `Codable`, and
// the same values, in a tenth of the time. What these readers do not take, `Codable` reads or
// refuses, with its reasons.

extension EventHeader {
  /// JSON of the header: what is hashed. Equal to what ``JSON/encode(_:)`` gives.
  public var json: [UInt8] {
    var writer = JSONWriter(capacity: 512)
    write(to: &writer)
    return writer.bytes
  }

  /// Appends what ``json`` says.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", id.description)
    writer.member("kind", kind)
    writer.member("kindVersion", kindVersion)
    writer.member("thing", thing.rawValue)
    writer.member("term", term)
    writer.member("version", version)
    writer.member("time", time.description)
    writer.key("actor")
    writer.beginObject()
    writer.member("kind", actor.kind.rawValue)
    writer.member("id", actor.id.rawValue)
    writer.member("node", actor.node.rawValue)
    writer.member("role", actor.role)
    writer.member("organisation", actor.organisation?.rawValue)
    writer.endObject()
    writer.member("cause", cause?.description)
    writer.key("labels")
    writer.beginObject()
    writer.member("jurisdiction", labels.jurisdiction.rawValue)
    writer.member("grade", labels.grade?.rawValue)
    writer.member("classCode", labels.classCode)
    writer.member("dataClass", labels.dataClass.rawValue)
    writer.key("parties")
    writer.beginArray()
    for party in labels.parties { writer.string(party.rawValue) }
    writer.endArray()
    writer.endObject()
    writer.endObject()
  }

  /// Reads a header.
  /// - Throws: ``JSONFault`` as ``JSON/decode(_:from:maximumDepth:maximumBytes:)``.
  public init(json bytes: [UInt8]) throws(JSONFault) {
    let known = bytes.withUnsafeBufferPointer { buffer -> EventHeader? in
      var scanner = HeaderScanner(buffer)
      return scanner.header()
    }
    if let known {
      self = known
      return
    }
    let value = try JSON.parse(bytes)
    if let plain = Self(plain: value) {
      self = plain
    } else {
      self = try JSON.decode(Self.self, from: value)
    }
  }

  private init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let id = object.text("id").flatMap({ EventID($0) }), let kind = object.text("kind"),
      let kindVersion = object.integer("kindVersion"),
      let thing = object.text("thing").flatMap({ ThingID(rawValue: $0) }),
      let term = object.integer("term"), let version = object.integer("version"),
      let time = object.text("time").flatMap({ HybridTime($0) }),
      let actor = object["actor"].flatMap({ Actor(plain: $0) }),
      let labels = object["labels"].flatMap({ Labels(plain: $0) })
    else { return nil }
    var cause: EventID?
    if let value = object["cause"] {
      guard let known = value.stringValue.flatMap({ EventID($0) }) else { return nil }
      cause = known
    }
    self.init(
      id: id, kind: kind, kindVersion: kindVersion, thing: thing, term: term, version: version,
      time: time, actor: actor, cause: cause, labels: labels)
  }
}

extension Actor {
  fileprivate init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let kind = object.text("kind").flatMap({ Kind(rawValue: $0) }),
      let id = object.text("id").flatMap({ PrincipalID(rawValue: $0) }),
      let node = object.text("node").flatMap({ NodeID(rawValue: $0) })
    else { return nil }
    var role: String?
    if let value = object["role"] {
      guard let known = value.stringValue else { return nil }
      role = known
    }
    var organisation: PrincipalID?
    if let value = object["organisation"] {
      guard let known = value.stringValue.flatMap({ PrincipalID(rawValue: $0) }) else { return nil }
      organisation = known
    }
    self.init(kind: kind, id: id, node: node, role: role, organisation: organisation)
  }
}

extension Labels {
  fileprivate init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let jurisdiction = object.text("jurisdiction").flatMap({ AdminCode(rawValue: $0) }),
      let dataClass = object.text("dataClass").flatMap({ DataClass(rawValue: $0) }),
      case .array(let names) = object["parties"]
    else { return nil }
    var grade: Grade?
    if let value = object["grade"] {
      guard let known = value.stringValue.flatMap({ Grade(rawValue: $0) }) else { return nil }
      grade = known
    }
    var classCode: String?
    if let value = object["classCode"] {
      guard let known = value.stringValue else { return nil }
      classCode = known
    }
    var parties: [NodeID] = []
    parties.reserveCapacity(names.count)
    for name in names {
      guard let party = name.stringValue.flatMap({ NodeID(rawValue: $0) }) else { return nil }
      parties.append(party)
    }
    self.init(
      jurisdiction: jurisdiction, grade: grade, classCode: classCode, dataClass: dataClass,
      parties: parties)
  }
}

// MARK: - The way of an event

extension Hop {
  /// Appends the hop. Equal to what ``JSON/encode(_:)`` gives.
  public func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("from", from.rawValue)
    writer.member("to", to.rawValue)
    writer.member("sent", sent.description)
    writer.member("received", received.description)
    writer.member("offset", offset)
    writer.member("uncertainty", uncertainty)
    writer.endObject()
  }

  /// Nil for what ``JSON/decode(_:from:)`` has to look at.
  public init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let from = object.text("from").flatMap({ NodeID(rawValue: $0) }),
      let to = object.text("to").flatMap({ NodeID(rawValue: $0) }),
      let sent = object.text("sent").flatMap({ UTCTime($0) }),
      let received = object.text("received").flatMap({ UTCTime($0) })
    else { return nil }
    var offset: Int64?
    if let value = object["offset"] {
      guard case .int(let known) = value else { return nil }
      offset = known
    }
    var uncertainty: Int64?
    if let value = object["uncertainty"] {
      guard case .int(let known) = value else { return nil }
      uncertainty = known
    }
    self.init(
      from: from, to: to, sent: sent, received: received, offset: offset, uncertainty: uncertainty)
  }
}

extension Arrival {
  /// JSON of the arrival. Equal to what ``JSON/encode(_:)`` gives.
  public var json: [UInt8] {
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    writer.member("via", via.rawValue)
    writer.member("time", time.description)
    writer.key("hops")
    writer.beginArray()
    for hop in hops { hop.write(to: &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// Reads an arrival.
  /// - Throws: ``JSONFault`` as ``JSON/decode(_:from:maximumDepth:maximumBytes:)``.
  public init(json bytes: [UInt8]) throws(JSONFault) {
    let value = try JSON.parse(bytes)
    if let plain = Self(plain: value) {
      self = plain
    } else {
      self = try JSON.decode(Self.self, from: value)
    }
  }

  private init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let via = object.text("via").flatMap({ NodeID(rawValue: $0) }),
      let time = object.text("time").flatMap({ UTCTime($0) }),
      case .array(let elements) = object["hops"]
    else { return nil }
    var hops: [Hop] = []
    for element in elements {
      guard let hop = Hop(plain: element) else { return nil }
      hops.append(hop)
    }
    self.init(via: via, time: time, hops: hops)
  }
}

extension JSONObject {
  /// The string of a member; nil for every other kind.
  public func text(_ key: String) -> String? { self[key]?.stringValue }

  /// The integer of a member that is written as one; nil for every other kind.
  public func integer(_ key: String) -> Int? {
    guard case .int(let value) = self[key] else { return nil }
    return Int(value)
  }
}
