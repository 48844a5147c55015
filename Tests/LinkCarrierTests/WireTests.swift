import CityCore
import NIOCore
import NIOWebSocket
import Testing

@testable import LinkCarrier

@Suite struct `Messages from frames` {
  private func frame(
    _ opcode: WebSocketOpcode, _ bytes: [UInt8], fin: Bool = true, masked: Bool = true
  ) -> WebSocketFrame {
    guard masked else {
      return WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(bytes: bytes))
    }
    let key = WebSocketMaskingKey([1, 2, 3, 4])
    var payload = bytes
    MaskKey([1, 2, 3, 4]).apply(to: &payload)
    return WebSocketFrame(
      fin: fin, opcode: opcode, maskKey: key, data: ByteBuffer(bytes: payload))
  }

  private func assembler(text: Int = 100, binary: Int = 50) -> MessageAssembler {
    var limits = LinkLimits()
    limits.textFrame = text
    limits.binaryFrame = binary
    return MessageAssembler(limits: limits, expectsMask: true)
  }

  private func message(_ event: MessageAssembler.Event) -> LinkFrame? {
    if case .message(let frame) = event { frame } else { nil }
  }

  private func violation(_ event: MessageAssembler.Event) -> LinkCloseReason.Kind? {
    if case .violation(let reason) = event { reason.kind } else { nil }
  }

  @Test func `a message in one frame arrives as it is`() {
    var assembler = assembler()
    #expect(message(assembler.accept(frame(.text, Array("你好".utf8)))) == text("你好"))
    #expect(message(assembler.accept(frame(.binary, [0, 255]))) == .binary([0, 255]))
    #expect(message(assembler.accept(frame(.text, []))) == .text([]))
  }

  @Test func `fragments become one message, and a ping may stand between them`() {
    var assembler = assembler()
    let bytes = Array("你好".utf8)
    // Cut inside a character: UTF-8 is checked over the whole.
    _ = assembler.accept(frame(.text, Array(bytes[..<2]), fin: false))
    if case .ping(let payload) = assembler.accept(frame(.ping, [9])) {
      #expect(payload == [9])
    } else {
      Issue.record("no ping")
    }
    _ = assembler.accept(frame(.continuation, [], fin: false))
    #expect(message(assembler.accept(frame(.continuation, Array(bytes[2...])))) == text("你好"))
  }

  @Test func `the limit holds for the whole message, however it is cut`() {
    var assembler = assembler()
    #expect(message(assembler.accept(frame(.text, [UInt8](repeating: 65, count: 100)))) != nil)
    #expect(
      violation(assembler.accept(frame(.text, [UInt8](repeating: 65, count: 101)))) == .oversized)
    #expect(
      violation(assembler.accept(frame(.binary, [UInt8](repeating: 0, count: 51)))) == .oversized)
    _ = assembler.accept(frame(.binary, [UInt8](repeating: 0, count: 40), fin: false))
    let rest = assembler.accept(frame(.continuation, [UInt8](repeating: 0, count: 11)))
    #expect(violation(rest) == .oversized)
  }

  @Test func `what breaks the rules of WebSocket is a violation`() {
    var one = assembler()
    #expect(violation(one.accept(frame(.text, [65], masked: false))) == .protocolViolation)
    var two = assembler()
    #expect(violation(two.accept(frame(.continuation, [65]))) == .protocolViolation)
    var three = assembler()
    _ = three.accept(frame(.text, [65], fin: false))
    #expect(violation(three.accept(frame(.text, [65]))) == .protocolViolation)
    var four = assembler()
    #expect(violation(four.accept(frame(.text, [0xC3, 0x28]))) == .protocolViolation)
    var five = assembler()
    #expect(violation(five.accept(frame(.connectionClose, [3]))) == .protocolViolation)
    var six = assembler()
    #expect(
      violation(six.accept(frame(WebSocketOpcode(encodedWebSocketOpcode: 3) ?? .text, [65])))
        == .protocolViolation)
    var seven = assembler()
    var reserved = frame(.text, [65])
    reserved.rsv1 = true
    #expect(violation(seven.accept(reserved)) == .protocolViolation)
  }

  @Test func `masking twice gives the bytes back, at every length`() {
    var random = SeededRandom(seed: 4)
    for length in 0..<70 {
      let bytes = random.bytes(length)
      let key = MaskKey(random.bytes(4))
      var masked = bytes
      key.apply(to: &masked)
      for (index, byte) in masked.enumerated() {
        #expect(
          byte == bytes[index] ^ UInt8(truncatingIfNeeded: key.value >> UInt32(8 * (index % 4))))
      }
      key.apply(to: &masked)
      #expect(masked == bytes)
    }
  }

  @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536])
  func `the length of a frame is written as RFC 6455 says`(count: Int) throws {
    var writer = FrameWriter(masked: false)
    var buffer = ByteBuffer()
    writer.write(.binary([UInt8](repeating: 7, count: count)), into: &buffer)
    #expect(buffer.readInteger(as: UInt8.self) == 0x82)
    let second = buffer.readInteger(as: UInt8.self)
    let first = try #require(second)
    let length: Int? =
      switch first {
      case 126: buffer.readInteger(as: UInt16.self).map(Int.init)
      case 127: buffer.readInteger(as: UInt64.self).map(Int.init)
      default: Int(first)
      }
    #expect(length == count)
    #expect(buffer.readableBytes == count)
  }

  @Test
  func `waiting grows from a fifth of a second to ten and starts over after a good connection`() {
    var random = SeededRandom(seed: 5)
    var backoff = Backoff()
    var expected = Duration64.milliseconds(200)
    for _ in 0..<12 {
      let wait = backoff.next(&random)
      #expect(wait.microseconds >= expected.microseconds / 2 && wait <= expected)
      expected = min(.microseconds(expected.microseconds * 2), .seconds(10))
    }
    backoff.reset()
    #expect(backoff.next(&random) <= .milliseconds(200))
  }

  @Test func `a close text is cut at whole characters`() {
    #expect("你好".utf8Prefix(5) == "你")
    #expect("abc".utf8Prefix(120) == "abc")
    #expect("abc".utf8Prefix(0) == "")
  }

  @Test func `gates count by address and over all`() throws {
    var limits = LinkLimits()
    limits.connections = 3
    limits.connectionsPerAddress = 2
    limits.joinsPerMinute = 2
    limits.concurrentJoins = 1
    let gate = ConnectionGate(limits: limits)
    #expect(gate.enter("a") && gate.enter("a") && !gate.enter("a") && gate.enter("b"))
    #expect(!gate.enter("c"))
    gate.leave("a")
    #expect(gate.enter("c"))
    let joins = JoinGate(limits: limits)
    try joins.enter("a", second: 0)
    #expect(throws: Problem.self) { try joins.enter("b", second: 0) }
    joins.leave()
    try joins.enter("a", second: 59)
    joins.leave()
    let problem = #expect(throws: Problem.self) { try joins.enter("a", second: 59) }
    #expect(problem?.retryAfter == 1)
    try joins.enter("a", second: 60)
  }
}
