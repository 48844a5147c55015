import CityCore
import NIOCore

/// Writes WebSocket frames (RFC 6455 section 5.2) behind each other into one buffer, so that a
/// batch of small messages costs one TLS record and one system call.
struct FrameWriter {
  enum Opcode: UInt8 {
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10
  }

  /// Diallers mask what they send (section 5.3). Below TLS the mask hides nothing, it only has to
  /// be there; a seeded generator does.
  private var mask: SeededRandom?

  init(masked: Bool) {
    var random = SystemRandom()
    mask = masked ? SeededRandom(seed: random.next()) : nil
  }

  mutating func write(_ frame: LinkFrame, into buffer: inout ByteBuffer) {
    switch frame {
    case .text(let bytes): write(.text, bytes, into: &buffer)
    case .binary(let bytes): write(.binary, bytes, into: &buffer)
    }
  }

  mutating func write(_ opcode: Opcode, _ payload: [UInt8], into buffer: inout ByteBuffer) {
    buffer.writeInteger(0x80 | opcode.rawValue)
    let maskBit: UInt8 = mask == nil ? 0 : 0x80
    switch payload.count {
    case ..<126:
      buffer.writeInteger(maskBit | UInt8(payload.count))
    case ...0xFFFF:
      buffer.writeInteger(maskBit | 126)
      buffer.writeInteger(UInt16(payload.count))
    default:
      buffer.writeInteger(maskBit | 127)
      buffer.writeInteger(UInt64(payload.count))
    }
    guard let key = mask?.next() else {
      buffer.writeBytes(payload)
      return
    }
    let bytes = MaskKey(UInt32(truncatingIfNeeded: key))
    buffer.writeInteger(bytes.value, endianness: .little)
    var masked = payload
    bytes.apply(to: &masked)
    buffer.writeBytes(masked)
  }
}

/// The four bytes that a dialler's payload is XORed with, first byte lowest.
struct MaskKey {
  let value: UInt32
  init(_ value: UInt32) { self.value = value }

  init(_ bytes: some Sequence<UInt8>) {
    var value: UInt32 = 0
    for (index, byte) in bytes.prefix(4).enumerated() { value |= UInt32(byte) << UInt32(8 * index) }
    self.value = value
  }

  /// Masks and unmasks: the same operation. Eight bytes at a time.
  func apply(to bytes: inout [UInt8]) {
    let wide = (UInt64(value) | UInt64(value) << 32).littleEndian
    bytes.withUnsafeMutableBytes { raw in
      var at = 0
      while at + 8 <= raw.count {
        let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        raw.storeBytes(of: word ^ wide, toByteOffset: at, as: UInt64.self)
        at += 8
      }
      while at < raw.count {
        raw[at] ^= UInt8(truncatingIfNeeded: value >> UInt32(8 * (at & 3)))
        at += 1
      }
    }
  }
}
