import CityJSON
import Testing

@Suite struct `Writing JSON` {
  @Test func `commas are set by the writer`() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("list")
    writer.beginArray()
    writer.int(1)
    writer.double(2.5)
    writer.bool(true)
    writer.null()
    writer.string("x")
    writer.beginObject()
    writer.endObject()
    writer.beginArray()
    writer.endArray()
    writer.endArray()
    writer.key("next")
    writer.raw(utf8("{\"r\":1}"))
    writer.member("name", "n")
    writer.member("count", 3)
    writer.member("share", 0.5)
    writer.member("on", false)
    writer.member("absent", nil as String?)
    writer.endObject()
    #expect(
      text(writer.bytes)
        == #"{"list":[1,2.5,true,null,"x",{},[]],"next":{"r":1},"name":"n","count":3,"share":0.5,"on":false}"#
    )
  }

  @Test func `lines start without a comma`() {
    var writer = JSONWriter()
    for number in 0..<3 {
      writer.int(number)
      writer.endLine()
    }
    #expect(text(writer.bytes) == "0\n1\n2\n")
    writer.reset()
    writer.int(9)
    #expect(text(writer.bytes) == "9")
  }

  @Test func `every character that must be escaped is escaped`() throws {
    for code in UInt8(0)...0x7F {
      let one = "<" + String(UnicodeScalar(code)) + ">"
      let written = try JSON.encode(one)
      #expect(try JSON.parse(written) == .string(one))
      #expect(written.allSatisfy { $0 >= 0x20 })
    }
    #expect(
      text(try JSON.encode("\u{8}\u{C}\n\r\t\"\\\u{0}\u{1F}/水"))
        == #""\b\f\n\r\t\"\\\u0000\u001f/水""#)
  }

  @Test func `bytes are quoted like texts`() {
    var writer = JSONWriter()
    utf8("a\"水").withUnsafeBufferPointer { writer.string(utf8: $0) }
    #expect(text(writer.bytes) == "\"a\\\"水\"")
  }

  @Test(arguments: [
    (0.0, "0.0"), (-0.0, "-0.0"), (5, "5.0"), (-17, "-17.0"), (0.1, "0.1"), (1e22, "1e+22"),
    (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
    (9_007_199_254_740_991, "9007199254740991.0"), (9_007_199_254_740_992, "9007199254740992.0"),
    (123.456, "123.456"), (1e16, "1e+16"),
  ])
  func `doubles are written as short as they read back`(_ value: Double, _ expected: String) throws
  {
    #expect(text(try JSON.encode(value)) == expected)
    #expect(try JSON.parse(expected) == .double(value))
  }

  @Test(arguments: [0, 1, -1, 9, 10, -10, 1_234_567_890, .max, .min] as [Int64])
  func `integers are written exactly`(_ value: Int64) throws {
    #expect(text(try JSON.encode(value)) == String(value))
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `numbers that are not finite are refused`(_ value: Double) throws {
    #expect(throws: JSONFault(reason: "a number must be finite to be written as JSON")) {
      try JSON.encode(value)
    }
    #expect(
      throws: JSONFault(pointer: "/a/1", reason: "a number must be finite to be written as JSON")
    ) {
      try JSON.encode(["a": [1, value]])
    }
    #expect(
      throws: JSONFault(pointer: "/a/1", reason: "a number must be finite to be written as JSON")
    ) {
      try JSON.encode(["a": [1, .double(value)]] as JSONValue)
    }
    var writer = JSONWriter()
    writer.double(value)
    #expect(text(writer.bytes) == "null")
  }

  @Test func `a refused value leaves the writer as it was`() throws {
    var writer = JSONWriter()
    writer.beginArray()
    writer.int(1)
    #expect(throws: JSONFault.self) { try writer.encode([2, Double.nan]) }
    try writer.encode([3])
    writer.endArray()
    #expect(text(writer.bytes) == "[1,[3]]")
  }
}
