import Access
import CZlib
import CityCore
import HTTPTypes
import NIOCore
import Testing

@testable import Web

struct RequestTests {
  @Test func `the stable hash is SipHash-2-4-128`() {
    // From the reference implementation's vectors.h: key 00…0f, input 00, 01, …
    let key0: UInt64 = 0x0706_0504_0302_0100
    let key1: UInt64 = 0x0F0E_0D0C_0B0A_0908
    let vectors = [
      "a3817f04ba25a8e66df67214c7550293", "da87c1d86b99af44347659119b22fc45",
      "8177228da4a45dc7fca38bdef60affe4",
    ]
    for (count, expected) in vectors.enumerated() {
      var hash = StableHash(key0: key0, key1: key1)
      hash.update((0..<count).map { UInt8($0) })
      #expect(Hex.string(hash.finish()) == expected)
    }
  }

  @Test func `the stable hash does not depend on how bytes are handed over`() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<200 {
      let bytes = random.bytes(random.below(100))
      var whole = StableHash()
      whole.update(bytes)
      var parts = StableHash()
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = 1 + random.below(rest.count)
        parts.update(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
      #expect(whole.finish() == parts.finish())
    }
  }

  private static let keys: [(String, String?)] = [
    ("abc", "abc"), ("\"abc\"", "abc"), ("0d1e-2:~!", "0d1e-2:~!"), ("", nil), ("\"\"", nil),
    ("a b", nil), ("a,b", nil), ("街", nil), ("a\"b", nil),
    (String(repeating: "k", count: 129), nil),
  ]

  @Test(arguments: keys)
  func `an idempotency key is visible ASCII`(field: String, expected: String?) {
    #expect((try? IdempotencyKey(field))?.rawValue == expected)
  }

  @Test func `a media type is read with its parameters`() {
    #expect(MediaType("application/json").isUTF8)
    let type = MediaType("Text/HTML ; Charset=\"GBK\"; boundary=x")
    #expect(type.essence == "text/html")
    #expect(type.charset == "gbk")
    #expect(type.boundary == "x")
    #expect(!type.isUTF8)
  }

  private static let wishes: [(String?, Language)] = [
    ("zh-CN,zh;q=0.9,en;q=0.8", .chinese), ("en-GB", .english),
    ("fr, en;q=0.3, zh;q=0.2", .english), ("fr", .chinese), (nil, .chinese), (";;q=,", .chinese),
  ]

  @Test(arguments: wishes)
  func `the wanted language is chosen`(field: String?, language: Language) {
    #expect(LanguagePreference.choose(field) == language)
  }

  @Test func `the session cookie is found and never planted`() {
    let cookie = SessionCookie(isSecure: true)
    #expect(cookie.value(in: "a=b; __Host-citybeacon=s3cret; c=d") == "s3cret")
    #expect(cookie.value(in: "__Host-citybeacon=x; __Host-citybeacon=y") == nil)
    #expect(cookie.value(in: "citybeacon=x") == nil)
    #expect(cookie.value(in: "__Host-citybeacon=") == nil)
    #expect(
      cookie.setting("a;b\r\nc", lifetime: 60)
        == "__Host-citybeacon=abc; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=60")
    #expect(SessionCookie(isSecure: false).clearing.hasPrefix("citybeacon=; Path=/; HttpOnly"))
  }

  @Test func `attachment names cannot break out of their field`() {
    let field = SafeText.attachment("../a\"b\r\nX: 1/现场.jpg")
    #expect(!field.contains("\r") && !field.contains("\n") && !field.contains("/"))
    #expect(field.contains("filename*=UTF-8''..a%22bX%3A%201%E7%8E%B0%E5%9C%BA.jpg"))
    #expect(SafeText.attachment("..").contains("filename=\"file\""))
    #expect(SafeText.mediaType("image/JPEG") == "image/jpeg")
    #expect(SafeText.mediaType("text/html\r\nx: y") == "application/octet-stream")
    #expect(LocalPath.checked("/incidents?x=1") == "/incidents?x=1")
    for bad in ["//evil", "https://evil", "/\\evil", "", "/a\r\nb"] {
      #expect(LocalPath.checked(bad) == "/")
    }
  }

  @Test func `dates are written as HTTP wants them`() {
    #expect(HTTPDate.format(second: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.format(second: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
  }

  // MARK: - gzip

  @Test func `gzip is undone in parts of any size`() throws {
    var random = SeededRandom(seed: 11)
    let plain = (0..<60_000).map { _ in UInt8(random.below(20)) }
    let packed = try Gzip.compress(plain)
    for size in [1, 7, 1_000, packed.count] {
      let inflater = try GzipInflater(maximum: 100_000)
      var out = ByteBuffer()
      for start in stride(from: 0, to: packed.count, by: size) {
        let part = packed[start..<min(packed.count, start + size)]
        try inflater.feed(ByteBuffer(bytes: part), into: &out)
      }
      try inflater.finish()
      #expect(Array(out.readableBytesView) == plain)
    }
  }

  @Test func `gzip members that follow each other are one body`() throws {
    let packed = try Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
    let inflater = try GzipInflater(maximum: 100)
    var out = ByteBuffer()
    try inflater.feed(ByteBuffer(bytes: packed), into: &out)
    try inflater.finish()
    #expect(String(buffer: out) == "one two")
  }

  @Test func `a bomb is refused before it goes off`() throws {
    let bomb = try Gzip.compress([UInt8](repeating: 0, count: 20 << 20))
    let limited = try GzipInflater(maximum: 1 << 20)
    var out = ByteBuffer()
    let first = #expect(throws: Problem.self) {
      try limited.feed(ByteBuffer(bytes: bomb), into: &out)
    }
    #expect(first?.code == .tooLarge)
    #expect(out.readableBytes <= (1 << 20) + 1)
    let roomy = try GzipInflater(maximum: 64 << 20)
    var other = ByteBuffer()
    let second = #expect(throws: Problem.self) {
      try roomy.feed(ByteBuffer(bytes: bomb), into: &other)
    }
    #expect(second?.code == .tooLarge)
    #expect(other.readableBytes < 8 << 20)
  }

  @Test func `gzip that is cut, spoilt or followed by rubbish is malformed`() throws {
    let packed = try Gzip.compress(Array("hello hello hello".utf8))
    var spoilt = packed
    spoilt[packed.count - 6] ^= 1
    for bytes in [Array(packed.dropLast(1)), spoilt, packed + [1, 2, 3], [], Array("{}".utf8)] {
      let error = #expect(throws: Problem.self) {
        let inflater = try GzipInflater(maximum: 1_000)
        var out = ByteBuffer()
        try inflater.feed(ByteBuffer(bytes: bytes), into: &out)
        try inflater.finish()
      }
      #expect(error?.code == .malformed)
    }
  }
}

enum Gzip {
  static func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    var source = bytes
    var target = [UInt8](repeating: 0, count: bytes.count + 1_024)
    let produced: Int? = source.withUnsafeMutableBufferPointer { source in
      target.withUnsafeMutableBufferPointer { target in
        guard
          deflateInit2_(
            &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { return nil }
        return target.count - Int(stream.avail_out)
      }
    }
    return Array(target.prefix(try #require(produced)))
  }
}
