import CityCore
import Testing

@testable import Access

@Suite struct TOTPTests {
  let secret = Array("12345678901234567890".utf8)

  // RFC 6238, appendix B, the rows of SHA-1.
  @Test(arguments: [
    (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"), (2_000_000_000, "69279037"), (20_000_000_000, "65353130"),
  ])
  func `codes are those of RFC 6238`(_ seconds: Int64, _ code: String) {
    #expect(TOTP.code(secret, counter: seconds / 30, digits: 8) == code)
    #expect(TOTP.code(secret, at: UTCTime(seconds: seconds)) == String(code.suffix(6)))
  }

  // RFC 4226, appendix D.
  @Test func `codes of the first counters are those of RFC 4226`() {
    let expected = [
      "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
      "520489",
    ]
    #expect((0..<10).map { TOTP.code(secret, counter: Int64($0)) } == expected)
  }

  @Test func `a code is good one step early and one late, no more`() {
    let code = TOTP.code(secret, at: noon)
    func verify(_ offset: Duration64) -> Int64? {
      TOTP.verify(code, secret: secret, lastUsed: nil, now: noon + offset)
    }
    let step = noon.seconds / 30
    #expect(verify(.zero) == step)
    #expect(verify(.seconds(30)) == step)
    #expect(verify(.seconds(-30)) == step)
    #expect(verify(.seconds(60)) == nil)
    #expect(verify(.seconds(-60)) == nil)
  }

  @Test func `a code is good once, and none before it any more`() throws {
    let code = TOTP.code(secret, at: noon)
    let used = try #require(TOTP.verify(code, secret: secret, lastUsed: nil, now: noon))
    #expect(TOTP.verify(code, secret: secret, lastUsed: used, now: noon) == nil)
    let before = TOTP.code(secret, at: noon - .seconds(30))
    #expect(TOTP.verify(before, secret: secret, lastUsed: used, now: noon) == nil)
    let next = TOTP.code(secret, at: noon + .seconds(30))
    #expect(TOTP.verify(next, secret: secret, lastUsed: used, now: noon) == used + 1)
  }

  @Test(arguments: ["", "12345", "1234567", "abcdef", "００００００", "\u{0}\u{0}"])
  func `what is no code is wrong`(_ text: String) {
    #expect(TOTP.verify(text, secret: secret, lastUsed: nil, now: noon) == nil)
  }

  @Test func `blanks in a typed code do not matter`() {
    let code = TOTP.code(secret, at: noon)
    let typed = code.prefix(3) + " " + code.suffix(3)
    #expect(TOTP.verify(String(typed), secret: secret, lastUsed: nil, now: noon) != nil)
  }

  @Test func `times before 1970 and far off do not trap`() {
    for time in [UTCTime(rawValue: .min), UTCTime(rawValue: -1), UTCTime(rawValue: .max)] {
      #expect(TOTP.verify("000000", secret: secret, lastUsed: nil, now: time) ?? 0 <= .max)
    }
  }

  @Test func `the address for the app escapes what it must`() {
    #expect(
      TOTP.provisioningURI(secret: secret, login: "wang.fang", issuer: "西湖 Beacon")
        == "otpauth://totp/%E8%A5%BF%E6%B9%96%20Beacon:wang.fang"
        + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E8%A5%BF%E6%B9%96%20Beacon"
        + "&algorithm=SHA1&digits=6&period=30")
    #expect(TOTP.readable(secret) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")
  }

  // RFC 4648, 10.
  @Test(arguments: [
    ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"),
    ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI"),
  ])
  func `base 32 is that of RFC 4648`(_ plain: String, _ encoded: String) {
    #expect(Base32.string(Array(plain.utf8)) == encoded)
    #expect(Base32.bytes(encoded.lowercased() + "==") == Array(plain.utf8))
  }

  @Test func `a sealed secret opens for its own context and key only`() throws {
    var random = SeededRandom(seed: 1)
    let box = try SecretBox(masterKey: random.bytes(32))
    let sealed = try box.seal(secret, context: "usr_a", random: &random)
    #expect(try box.open(sealed, context: "usr_a") == secret)
    let other = try SecretBox(masterKey: random.bytes(32))
    #expect(try problem { _ = try box.open(sealed, context: "usr_b") }.code == .corrupted)
    #expect(try problem { _ = try other.open(sealed, context: "usr_a") }.code == .corrupted)
    let changed = (sealed.first == "0" ? "1" : "0") + sealed.dropFirst()
    for text in [changed, "", "00", "xyz", String(sealed.dropLast(2))] {
      #expect(try problem { _ = try box.open(text, context: "usr_a") }.code == .corrupted)
    }
    #expect(throws: Problem.self) { try SecretBox(masterKey: [1, 2, 3]) }
  }
}
