import NIOCore
import NIOWebSocket

/// Puts messages together from WebSocket frames and holds their limits. A state machine: no
/// channel, no clock.
struct MessageAssembler {
  enum Event {
    case message(LinkFrame)
    case ping([UInt8])
    case pong
    case close(code: UInt16?, text: String)
    case violation(LinkCloseReason)
    /// A part of a message; nothing to do yet.
    case none
  }

  private struct Partial {
    let isText: Bool
    var bytes: [UInt8]
  }

  private let textLimit: Int
  private let binaryLimit: Int
  /// What the other end is must decide whether it masks (RFC 6455 section 5.1).
  private let expectsMask: Bool
  private var partial: Partial?

  init(limits: LinkLimits, expectsMask: Bool) {
    textLimit = limits.textFrame
    binaryLimit = limits.binaryFrame
    self.expectsMask = expectsMask
  }

  mutating func accept(_ frame: WebSocketFrame) -> Event {
    guard (frame.maskKey != nil) == expectsMask else {
      return violation(expectsMask ? "a dialler must mask" : "a server must not mask")
    }
    guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return violation("no extension is agreed") }
    switch frame.opcode {
    case .text, .binary:
      guard partial == nil else { return violation("a message inside another") }
      return append(frame, to: Partial(isText: frame.opcode == .text, bytes: []))
    case .continuation:
      guard let partial else { return violation("a continuation of nothing") }
      return append(frame, to: partial)
    case .ping: return .ping(payload(frame))
    case .pong: return .pong
    case .connectionClose: return close(payload(frame))
    default: return violation("an unknown opcode")
    }
  }

  private mutating func append(_ frame: WebSocketFrame, to begun: Partial) -> Event {
    // Taken out first, so that the bytes have one owner and grow in place.
    partial = nil
    var next = begun
    let limit = next.isText ? textLimit : binaryLimit
    guard next.bytes.count + frame.length <= limit else {
      return .violation(LinkCloseReason(.oversized, "a message over \(limit) bytes"))
    }
    if next.bytes.isEmpty {
      next.bytes = payload(frame)
    } else {
      next.bytes.append(contentsOf: payload(frame))
    }
    guard frame.fin else {
      partial = next
      return .none
    }
    guard next.isText else { return .message(.binary(next.bytes)) }
    guard UTF8Check.isValid(next.bytes) else { return violation("a text that is not UTF-8") }
    return .message(.text(next.bytes))
  }

  private func payload(_ frame: WebSocketFrame) -> [UInt8] {
    var bytes = Array(frame.data.readableBytesView)
    if let key = frame.maskKey { MaskKey(key).apply(to: &bytes) }
    return bytes
  }

  private func close(_ bytes: [UInt8]) -> Event {
    guard bytes.count != 1 else { return violation("a close code of one byte") }
    guard bytes.count >= 2 else { return .close(code: nil, text: "") }
    let text = bytes[2...]
    guard UTF8Check.isValid(Array(text)) else { return violation("a text that is not UTF-8") }
    return .close(
      code: UInt16(bytes[0]) << 8 | UInt16(bytes[1]), text: String(decoding: text, as: UTF8.self))
  }

  private func violation(_ detail: String) -> Event {
    .violation(LinkCloseReason(.protocolViolation, detail))
  }
}

enum UTF8Check {
  /// Most of what travels is ASCII: eight bytes at a time, then the slow way for the rest.
  static func isValid(_ bytes: [UInt8]) -> Bool {
    let ascii = bytes.withUnsafeBytes { raw in
      var at = 0
      while at + 8 <= raw.count {
        if raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
          return false
        }
        at += 8
      }
      while at < raw.count {
        if raw[at] & 0x80 != 0 { return false }
        at += 1
      }
      return true
    }
    return ascii || String(validating: bytes, as: UTF8.self) != nil
  }
}
