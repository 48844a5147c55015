import Access
import CityCore
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOWebSocket

@testable import LinkCarrier
@testable import Web

extension FuzzTarget {
  /// Forms, queries and the header fields that we read ourselves; the first byte chooses.
  static let forms = FuzzTarget("forms") { bytes in
    let (which, rest) = bytes.choice
    let text = rest.text
    switch which % 10 {
    case 0:
      if let form = try taken({ try FormBody(ByteBuffer(bytes: rest)) }) {
        try require(form.names.count <= FormBody.maximumFields, "too many fields")
        for name in form.names { try require(form[name] != nil, "a field without a value") }
      }
    case 1:
      if let query = try taken({ try Query(text[...]) }) {
        try require(query.names.count <= Query.maximumPairs, "too many pairs")
        for name in query.names { try require(!query.all(name).isEmpty, "a name without a value") }
        _ = try taken { try query.page() }
        _ = try taken { try query.integer("limit", in: 1...9, default: 1) }
      }
    case 2:
      if let plain = PercentCoding.decode(text[...], plusIsSpace: true) {
        try require(plain.utf8.count <= text.utf8.count, "decoding made it longer")
      }
    case 3:
      let type = MediaType(text)
      try require(!type.essence.hasPrefix(" "), "white space in \(type.essence)")
      _ = type.isUTF8
    case 4:
      let cookie = SessionCookie(isSecure: rest.count.isMultiple(of: 2))
      if let value = cookie.value(in: text) {
        try require((1...512).contains(value.utf8.count), "a cookie of \(value.utf8.count) bytes")
      }
      try require(!cookie.setting(text).contains("\r"), "a line break in Set-Cookie")
    case 5: _ = LanguagePreference.choose(text)
    case 6:
      if let key = try taken({ try IdempotencyKey(text) }) {
        try require(try IdempotencyKey(key.rawValue) == key, "a key that is no key")
      }
    case 7:
      if let position = StreamPosition(text) {
        try require(StreamPosition(position.description) == position, "\(position)")
      }
    case 8:
      var fields = HTTPFields()
      for line in rest.parts(atMost: 32) {
        let pair = line.split(separator: 0x3A, maxSplits: 1).map { Array($0).text }
        guard pair.count == 2, let name = HTTPField.Name(pair[0]) else { continue }
        fields.append(HTTPField(name: name, value: pair[1]))
      }
      let read = RequestFields(fields)
      if let length = read.contentLength { try require(length >= 0, "a length of \(length)") }
      _ = try taken { try BodyReader(rule: .json, fields: read) }
    default:
      let directory = AssetDirectory(contents: ["js/app.js": ByteBuffer(string: "1")])
      try require(directory.names == ["js/app.js"], "a file that is not there")
      _ = EventFrame.bytes(
        StreamEvent(
          position: nil, kind: text, resource: Resource(jurisdiction: Known.street), data: rest),
        stream: "s")
    }
  }

  /// WebSocket frames of a dialler, cut anywhere: a message that comes out is within its limit, and
  /// text is UTF-8.
  static let websocket = FuzzTarget("websocket", longest: 16_384) { bytes in
    let (which, rest) = bytes.choice
    var limits = LinkLimits()
    limits.textFrame = 2_048
    limits.binaryFrame = 1_024
    var assembler = MessageAssembler(limits: limits, expectsMask: which & 1 == 0)
    let channel = EmbeddedChannel(
      handler: ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 4_096)))
    defer { _ = try? channel.finish() }
    let step = 1 + Int(which >> 1)
    var at = 0
    reading: while at < rest.count {
      let end = min(rest.count, at + step)
      // The decoder's own refusal ends the connection.
      guard (try? channel.writeInbound(ByteBuffer(bytes: rest[at..<end]))) != nil else { return }
      at = end
      while let frame = try channel.readInbound(as: WebSocketFrame.self) {
        switch assembler.accept(frame) {
        case .message(.text(let text)):
          try require(text.count <= limits.textFrame, "a text of \(text.count) bytes")
          try require(String(validating: text, as: UTF8.self) != nil, "a text that is not UTF-8")
        case .message(.binary(let data)):
          try require(data.count <= limits.binaryFrame, "a message of \(data.count) bytes")
        case .violation, .close: break reading
        case .ping, .pong, .none: break
        }
      }
    }
  }
}
