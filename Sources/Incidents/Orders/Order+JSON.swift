import CityCore
public import CityJSON

extension Order {
  /// An order has up to a thousand recipients, and each of their reports writes it anew: by hand
  /// that takes a tenth of the time that `Codable` takes.
  public func json() throws(JSONFault) -> [UInt8] {
    var writer = JSONWriter(capacity: 1_024 + recipients.count * 320)
    writer.beginObject()
    writer.member("id", id.rawValue)
    writer.key("issue")
    try writer.encode(issue)
    writer.member("stage", stage.rawValue)
    writer.key("issuer")
    try writer.encode(issuer)
    writer.member("issued", issued.description)
    writer.key("recipients")
    writer.beginArray()
    for mirror in recipients { try mirror.write(to: &writer) }
    writer.endArray()
    writer.member("reminders", reminders)
    writer.member("hasExpired", hasExpired)
    writer.member("lastText", lastText)
    writer.member("ended", ended?.description)
    writer.endObject()
    return writer.bytes
  }
}

extension Order.Mirror {
  fileprivate func write(to writer: inout JSONWriter) throws(JSONFault) {
    writer.beginObject()
    writer.key("recipient")
    writer.beginObject()
    writer.member("node", recipient.node.rawValue)
    writer.member("organisation", recipient.organisation?.rawValue)
    writer.key("name")
    writer.beginObject()
    writer.member("zh", recipient.name.zh)
    writer.member("en", recipient.name.en)
    writer.endObject()
    writer.member("task", recipient.task.rawValue)
    writer.endObject()
    writer.member("state", state.rawValue)
    writer.member("at", at.description)
    writer.member("text", text)
    writer.member("percent", percent)
    writer.key("evidence")
    writer.beginArray()
    for piece in evidence { try writer.encode(piece) }
    writer.endArray()
    writer.member("isOutbound", isOutbound)
    writer.endObject()
  }
}
