import HTTPTypes

/// The header fields that the pipeline looks at, found in one pass.
struct RequestFields {
  var authorization: String?
  var cookie: String?
  var contentType: String?
  var contentEncoding: String?
  var contentLength: Int?
  var isChunked = false
  var csrfToken: String?
  var origin: String?
  var fetchSite: String?
  var idempotencyKey: String?
  var acceptLanguage: String?
  var lastEventID: String?
  /// All of them, in order.
  var forwardedFor: String?
  var expectsContinue = false
  /// A field that must stand once stands twice, or a length is no number.
  var isContradictory = false

  init(_ fields: HTTPFields) {
    for field in fields {
      var isDouble = false
      // Most names differ in length already, which makes this cheaper than it looks.
      switch field.name.canonicalName {
      case "authorization": isDouble = Self.repeats(&authorization, field.value)
      case "content-type": isDouble = Self.repeats(&contentType, field.value)
      case "content-length":
        guard let length = Int(field.value), length >= 0, contentLength ?? length == length else {
          isContradictory = true
          continue
        }
        contentLength = length
      case "content-encoding": isDouble = Self.repeats(&contentEncoding, field.value)
      case "transfer-encoding": isChunked = true
      case "cookie": cookie = cookie.map { $0 + "; " + field.value } ?? field.value
      case "x-csrf-token": isDouble = Self.repeats(&csrfToken, field.value)
      case "origin": isDouble = Self.repeats(&origin, field.value)
      case "sec-fetch-site": isDouble = Self.repeats(&fetchSite, field.value)
      case "idempotency-key": isDouble = Self.repeats(&idempotencyKey, field.value)
      case "accept-language": acceptLanguage = acceptLanguage ?? field.value
      case "last-event-id": lastEventID = field.value
      case "x-forwarded-for":
        forwardedFor = forwardedFor.map { $0 + "," + field.value } ?? field.value
      case "expect": expectsContinue = field.value.lowercased() == "100-continue"
      default: break
      }
      if isDouble { isContradictory = true }
    }
  }

  /// Whether the field stood there already.
  private static func repeats(_ place: inout String?, _ value: String) -> Bool {
    defer { place = value }
    return place != nil
  }
}
