import Testing

@testable import Console

struct QRCodeTests {
  /// What the encoder `qrcode` of PyPI makes of the same text.
  private static let golden = [
    "111111100010101111111",
    "100000101010101000001",
    "101110101011001011101",
    "101110100000101011101",
    "101110101111101011101",
    "100000101110001000001",
    "111111101010101111111",
    "000000001000000000000",
    "110100110011101110110",
    "000101000111010111111",
    "110110101001000101101",
    "001110010110101001000",
    "110101100011000011001",
    "000000001110011100000",
    "111111101001111111110",
    "100000100110000000011",
    "101110100110110101010",
    "101110101110000110111",
    "101110100111000111101",
    "100000101011100100000",
    "111111101000000011110",
  ]

  @Test func `a code is the one that another encoder makes`() throws {
    let code = try #require(QRCode(Array("CityBeacon".utf8)))
    let rows = (0..<code.size).map { y in
      String((0..<code.size).map { code[$0, y] ? "1" : "0" })
    }
    #expect(rows == Self.golden)
  }

  @Test(arguments: [(17, 21), (18, 25), (134, 41), (154, 45), (230, 53), (520, 77)])
  func `a code is as large as its bytes need`(bytes: Int, size: Int) {
    #expect(QRCode([UInt8](repeating: 0x61, count: bytes))?.size == size)
  }

  @Test func `what is too long has no code, and is typed`() {
    #expect(QRCode([UInt8](repeating: 0x61, count: 521)) == nil)
    let page = AuthenticatorPage(uri: String(repeating: "a", count: 600), secret: "ABCD")
    #expect(page.code == nil)
  }

  @Test func `the drawing has the margin that readers need`() throws {
    let image = try #require(QRImage("otpauth://totp/a:b?secret=ABCD"))
    #expect(image.extent == 25 + 8)
    #expect(image.darkPath.hasPrefix("M4 4h7v1h-7z"))
  }
}
