import CityCore
import CityJSON
import Incidents
import Journal

/// A thing as the API shows it.
struct ThingView {
  let record: ThingRecord
  let here: NodeID
  let isReachable: (NodeID) -> Bool
  let now: UTCTime
  /// Adds the state.
  var isWhole = false
  var actions: [ActionDescription]?
  var verbs: [String]?

  func json() -> [UInt8] {
    var json = JSONWriter(capacity: 512 + (isWhole ? record.state.count : 0))
    json.beginObject()
    identity(&json)
    labels(&json)
    index(&json)
    origin(&json)
    if isWhole {
      json.key("state")
      json.raw(record.state)
    }
    if let actions {
      json.key("actions")
      json.beginArray()
      // A description of an action holds nothing that JSON cannot say.
      for action in actions { try? json.encode(action) }
      json.endArray()
    }
    if let verbs {
      json.key("verbs")
      json.beginArray()
      for verb in verbs { json.string(verb) }
      json.endArray()
    }
    json.endObject()
    return json.bytes
  }

  private func identity(_ json: inout JSONWriter) {
    json.member("id", record.id.rawValue)
    json.member("kind", record.id.kind)
    json.member("owner", record.owner.rawValue)
    json.member("offeredTo", record.offeredTo?.rawValue)
    json.member("term", record.term)
    json.member("version", record.version)
    json.member("updated", record.updated.time.description)
  }

  private func labels(_ json: inout JSONWriter) {
    let labels = record.labels
    json.member("jurisdiction", labels.jurisdiction.rawValue)
    json.member("grade", labels.grade?.rawValue)
    json.member("classCode", labels.classCode)
    json.key("parties")
    json.beginArray()
    for party in labels.parties { json.string(party.rawValue) }
    json.endArray()
  }

  private func index(_ json: inout JSONWriter) {
    let index = record.index
    json.member("title", index.title)
    json.member("stage", index.stage)
    json.member("isOpen", index.isOpen)
    if let place = index.place {
      json.key("place")
      json.beginObject()
      json.member("longitude", place.longitude)
      json.member("latitude", place.latitude)
      json.endObject()
    }
    json.member("parent", index.parent?.rawValue)
    json.member("assignee", index.assignee?.rawValue)
    json.member("rule", index.rule)
    json.member("subject", index.subject)
    json.member("source", index.source)
    json.member("externalId", index.externalId)
    json.member("opened", index.opened.description)
    json.member("due", index.due?.description)
    json.member("closed", index.closed?.description)
  }

  /// What came from elsewhere says where from and how old it is.
  private func origin(_ json: inout JSONWriter) {
    guard record.owner != here else { return }
    json.key("origin")
    json.beginObject()
    json.member("node", record.owner.rawValue)
    json.member("arrived", record.arrived?.description)
    json.member("age", record.arrived.map { max(0, (now - $0).microseconds / 1_000_000) })
    json.member("isStale", !isReachable(record.owner))
    json.endObject()
  }
}
