import CityCore
import CityJSON
import Journal

// Data frames are most of what goes over a link. They are written and read by hand, as headers are
// in `Journal`: the same text and the same values as by `Codable`, which reads what these readers do
// not take, or refuses it with its reasons.

extension Frame.DataFrame {
  /// Appends the frame's body. Equal to what ``JSON/encode(_:)`` gives.
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("epoch", epoch.description)
    writer.member("sent", sent.description)
    writer.key("entries")
    writer.beginArray()
    for entry in entries { entry.write(to: &writer) }
    writer.endArray()
    writer.key("commits")
    writer.beginArray()
    for commit in commits { commit.write(to: &writer) }
    writer.endArray()
    writer.endObject()
  }

  /// Nil for what ``JSON/decode(_:from:)`` has to look at.
  init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let epoch = object.text("epoch").flatMap({ Epoch($0) }),
      let sent = object.text("sent").flatMap({ UTCTime($0) }),
      case .array(let listed) = object["entries"], case .array(let signed) = object["commits"]
    else { return nil }
    var entries: [Frame.Entry] = []
    entries.reserveCapacity(listed.count)
    for element in listed {
      guard let entry = Frame.Entry(plain: element) else { return nil }
      entries.append(entry)
    }
    var commits: [WireCommit] = []
    commits.reserveCapacity(signed.count)
    for element in signed {
      guard let commit = WireCommit(plain: element) else { return nil }
      commits.append(commit)
    }
    self.init(epoch: epoch, sent: sent, entries: entries, commits: commits)
  }
}

extension Frame.Entry {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("seq", seq)
    writer.member("policy", policy)
    writer.member("addressed", addressed)
    writer.member("follows", follows)
    writer.key("event")
    event.write(to: &writer)
    writer.key("hops")
    writer.beginArray()
    for hop in hops { hop.write(to: &writer) }
    writer.endArray()
    if let sealed {
      writer.key("sealed")
      writer.beginArray()
      for value in sealed {
        writer.beginObject()
        writer.member("ref", value.ref)
        writer.member("value", value.value)
        writer.member("salt", value.salt)
        writer.endObject()
      }
      writer.endArray()
    }
    writer.endObject()
  }

  fileprivate init?(plain value: JSONValue) {
    guard case .object(let object) = value, case .int(let seq) = object["seq"],
      let policy = object.integer("policy"), case .bool(let addressed) = object["addressed"],
      case .bool(let follows) = object["follows"],
      let event = object["event"].flatMap({ WireEvent(plain: $0) }),
      case .array(let way) = object["hops"], object["sealed"] == nil
    else { return nil }
    var hops: [Hop] = []
    hops.reserveCapacity(way.count)
    for element in way {
      guard let hop = Hop(plain: element) else { return nil }
      hops.append(hop)
    }
    self.init(
      seq: seq, policy: policy, addressed: addressed, follows: follows, event: event, hops: hops,
      sealed: nil)
  }
}

extension WireEvent {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("specversion", specversion)
    writer.member("id", id.description)
    writer.member("source", source)
    writer.member("type", type)
    writer.member("subject", subject.rawValue)
    writer.member("time", time.description)
    writer.member("datacontenttype", datacontenttype)
    writer.member("data", data)
    writer.member("cbheader", cbheader)
    writer.member("cbsealed", cbsealed)
    writer.member("cbprevious", cbprevious.description)
    writer.member("cbhash", cbhash.description)
    writer.endObject()
  }

  fileprivate init?(plain value: JSONValue) {
    guard case .object(let object) = value, let specversion = object.text("specversion"),
      let id = object.text("id").flatMap({ EventID($0) }), let source = object.text("source"),
      let type = object.text("type"),
      let subject = object.text("subject").flatMap({ ThingID(rawValue: $0) }),
      let time = object.text("time").flatMap({ UTCTime($0) }),
      let datacontenttype = object.text("datacontenttype"), let data = object.text("data"),
      let cbheader = object.text("cbheader"),
      let cbprevious = object.text("cbprevious").flatMap({ Digest32(hex: $0) }),
      let cbhash = object.text("cbhash").flatMap({ Digest32(hex: $0) })
    else { return nil }
    var cbsealed: String?
    if let value = object["cbsealed"] {
      guard let known = value.stringValue else { return nil }
      cbsealed = known
    }
    self.init(
      specversion: specversion, id: id, source: source, type: type, subject: subject, time: time,
      datacontenttype: datacontenttype, data: data, cbheader: cbheader, cbsealed: cbsealed,
      cbprevious: cbprevious, cbhash: cbhash)
  }
}

extension WireCommit {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("node", node.rawValue)
    writer.member("epoch", epoch.description)
    writer.member("first", first)
    writer.member("hashes", hashes)
    writer.member("signature", signature)
    writer.endObject()
  }

  fileprivate init?(plain value: JSONValue) {
    guard case .object(let object) = value,
      let node = object.text("node").flatMap({ NodeID(rawValue: $0) }),
      let epoch = object.text("epoch").flatMap({ Epoch($0) }),
      case .int(let first) = object["first"], let hashes = object.text("hashes"),
      let signature = object.text("signature")
    else { return nil }
    self.init(node: node, epoch: epoch, first: first, hashes: hashes, signature: signature)
  }
}
