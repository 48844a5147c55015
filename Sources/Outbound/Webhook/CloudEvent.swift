import CityCore
import CityJSON

/// The body of a webhook: a CloudEvent 1.0 in structured JSON mode.
enum CloudEvent {
  static let mediaType = "application/cloudevents+json; charset=utf-8"

  /// - Throws: A failure that stays when `data` is not JSON.
  static func body(_ delivery: Delivery) throws(DeliveryFailure) -> [UInt8] {
    let message = delivery.message
    guard (try? JSON.parse(message.data)) != nil else {
      throw DeliveryFailure(.refusedHere, "the message's data is not JSON")
    }
    var writer = JSONWriter(capacity: message.data.count + 512)
    writer.beginObject()
    writer.member("specversion", "1.0")
    writer.member("id", message.id)
    writer.member("source", message.source)
    writer.member("type", message.type)
    writer.member("subject", message.subject)
    writer.member("time", message.time.description)
    // The `sequence` extension: what a receiver asks to replay from.
    writer.member("sequence", String(delivery.position))
    writer.member("datacontenttype", "application/json")
    writer.key("data")
    writer.raw(message.data)
    writer.endObject()
    return writer.bytes
  }
}
