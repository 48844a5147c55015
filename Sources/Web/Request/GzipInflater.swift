import CZlib
import CityCore
import NIOCore

/// Decompresses a gzip body part by part, and gives up before a bomb can go off.
final class GzipInflater {
  /// Up to here any ratio is believed.
  static let freeOutput = 256 << 10
  /// Beyond, the output may be so many times the input. Batches of readings reach about 30.
  static let maximumRatio = 150

  // zlib keeps the address of the stream inside of it: it must not move.
  private let stream: UnsafeMutablePointer<z_stream>
  private let maximum: Int
  private var input = 0
  private var produced = 0
  private var isAtEnd = false

  /// - Throws: `internal` when zlib cannot start (no memory).
  init(maximum: Int) throws(Problem) {
    self.maximum = maximum
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for "gzip and nothing else".
    let code = inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw Problem(.internalFault, "zlib does not start (\(code))") }
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
  }

  /// - Throws: `too-large` beyond the limit and beyond the ratio, `malformed` for what is no gzip.
  func feed(_ part: ByteBuffer, into output: inout ByteBuffer) throws(Problem) {
    input += part.readableBytes
    var part = part
    while part.readableBytes > 0 {
      if isAtEnd {
        // Another member follows (RFC 1952, 2.2).
        guard inflateReset(stream) == Z_OK else { throw Self.malformed }
        isAtEnd = false
      }
      try step(&part, &output)
    }
  }

  /// - Throws: `malformed` when the last member is not complete.
  func finish() throws(Problem) {
    guard isAtEnd else { throw Self.malformed }
  }

  private func step(_ part: inout ByteBuffer, _ output: inout ByteBuffer) throws(Problem) {
    var code = Z_OK
    var isFull = false
    repeat {
      let room = min(64 << 10, maximum - produced + 1)
      var consumed = 0
      let before = output.writerIndex
      output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { target in
        part.withUnsafeReadableBytes { source in
          // zlib does not write to its input; the C type only lacks a const.
          stream.pointee.next_in = UnsafeMutablePointer(
            mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
          stream.pointee.avail_in = UInt32(source.count)
          stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
          stream.pointee.avail_out = UInt32(room)
          code = inflate(stream, Z_NO_FLUSH)
          consumed = source.count - Int(stream.pointee.avail_in)
          isFull = stream.pointee.avail_out == 0
        }
        return room - Int(stream.pointee.avail_out)
      }
      part.moveReaderIndex(forwardBy: consumed)
      produced += output.writerIndex - before
      try check()
      switch code {
      case Z_OK: break
      case Z_STREAM_END:
        isAtEnd = true
        return
      // No progress possible: wants more input.
      case Z_BUF_ERROR: return
      default: throw Self.malformed
      }
    } while part.readableBytes > 0 || isFull
  }

  private func check() throws(Problem) {
    guard produced <= maximum else {
      throw Problem(.tooLarge, "the body holds more than \(maximum) bytes when decompressed")
    }
    guard produced <= Self.freeOutput || produced / Self.maximumRatio <= input else {
      throw Problem(
        .tooLarge, "the body is compressed more than \(Self.maximumRatio) times; send it plain")
    }
  }

  private static var malformed: Problem { Problem(.malformed, "the body is not valid gzip") }
}
