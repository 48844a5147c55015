import CityJSON
import Testing

@Suite struct `Parsing JSON` {
  @Test func `every kind of value is read`() throws {
    let value = try JSON.parse(
      #" { "n": null, "t": true, "f": false, "i": -12, "d": 1.5, "s": "水", "a": [1, []], "o": {} } "#
    )
    #expect(
      value == [
        "n": nil, "t": true, "f": false, "i": -12, "d": 1.5, "s": "水", "a": [1, []],
        "o": .object([:]),
      ])
    #expect(value.objectValue?.keys == ["n", "t", "f", "i", "d", "s", "a", "o"])
  }

  @Test func `a scalar is a document`() throws {
    #expect(try JSON.parse("7") == 7)
    #expect(try JSON.parse(" \"x\"\n") == "x")
    #expect(try JSON.parse("null") == nil)
    #expect(try JSON.parse("-0.5") == -0.5)
  }

  @Test func `integers that fit are exact and greater ones are doubles`() throws {
    #expect(try JSON.parse("9223372036854775807") == .int(.max))
    #expect(try JSON.parse("-9223372036854775808") == .int(.min))
    #expect(try JSON.parse("9007199254740993") == .int(9_007_199_254_740_993))
    #expect(try JSON.parse("9223372036854775808") == .double(0x1p63))
    #expect(try JSON.parse("-9223372036854775809") == .double(-0x1p63))
    #expect(try JSON.parse("18446744073709551615") == .double(0x1p64))
    #expect(try JSON.parse("18446744073709551616") == .double(0x1p64))
    let digits = "1" + String(repeating: "0", count: 300)
    #expect(try JSON.parse(digits) == .double(1e300))
  }

  @Test func `a great integer leaves the others exact`() throws {
    let value = try JSON.parse(
      #"[9223372036854775807, 123456789012345678901234567890, "123456789012345678901", -9223372036854775808, 1]"#
    )
    #expect(
      value == [
        .int(.max), .double(123456789012345678901234567890.0), "123456789012345678901", .int(.min),
        1,
      ])
  }

  @Test(arguments: ["1e999", "-1e999", "[1, 2e308]", "{\"a\": 17976931348623159e292}"])
  func `a number beyond the range of a double is refused where it stands`(_ json: String) {
    let offset = json.utf8.firstIndex { $0 != 0x5B && $0 != 0x5D }
    #expect(offset != nil)
    #expect(fault(of: json)?.reason == "a number too large for 64-bit floating point")
    #expect(fault(of: json)?.offset != nil)
  }

  @Test func `an integer of four hundred digits is refused and a tiny number is zero`() throws {
    #expect(fault(of: String(repeating: "9", count: 400))?.offset == 0)
    #expect(try JSON.parse("1e-999") == .double(0))
    #expect(try JSON.parse("0.0000000000000000000e999") == .double(0))
    #expect(try JSON.parse("[0e400, 0.001e310]") == [.double(0), .double(1e307)])
  }

  @Test(arguments: [
    ("", 0, "there is no JSON value"),
    ("  \n", 3, "there is no JSON value"),
    ("{", 1, "the text ends before the value is complete"),
    ("[1,]", 3, "a character that cannot stand here"),
    ("[1 2]", 3, "a character that cannot stand here"),
    ("{\"a\" 1}", 5, "a character that cannot stand here"),
    ("{a: 1}", 1, "a character that cannot stand here"),
    ("{\"a\": 1,}", 8, "a character that cannot stand here"),
    ("[1] x", 4, "something follows the value"),
    ("1 2", 2, "something follows the value"),
    ("nul", 3, "the text ends before the value is complete"),
    ("nulx", 3, "a character that cannot stand here"),
    ("NaN", 0, "a character that cannot stand here"),
    ("[Infinity]", 1, "a character that cannot stand here"),
    ("[-Infinity]", 2, "a malformed number"),
    ("01", 1, "a malformed number"),
    ("[1.]", 3, "a malformed number"),
    ("[.5]", 1, "a character that cannot stand here"),
    ("[1e]", 3, "a malformed number"),
    ("[+1]", 1, "a character that cannot stand here"),
    ("[0x10]", 2, "a malformed number"),
    ("\"a", 2, "the text ends before the value is complete"),
    ("\"a\nb\"", 2, "a control character in a string must be escaped"),
    (#""\x""#, 1, "an unknown escape in a string"),
    (#""\u12G4""#, 1, "an unknown escape in a string"),
    (#""\ud800""#, 1, "half of a surrogate pair in a string"),
    (#"["ok\\", "\udc00"]"#, 10, "half of a surrogate pair in a string"),
    (#""\ud800\u0041""#, 1, "half of a surrogate pair in a string"),
    (#""\ude00\ud83d""#, 1, "half of a surrogate pair in a string"),
    ("'a'", 0, "a character that cannot stand here"),
    ("// c\n1", 0, "a character that cannot stand here"),
  ])
  func `broken text is refused with the place and the reason`(
    _ json: String, _ offset: Int, _ reason: String
  ) {
    #expect(fault(of: json) == JSONFault(reason: reason, offset: offset))
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
      [0xF0, 0x80, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80], [0xFF], [0xC3, 0x28], [0xE2, 0x82, 0x28],
    ] as [[UInt8]])
  func `bytes that are no UTF-8 are refused`(_ bytes: [UInt8]) {
    #expect(
      fault(of: utf8("[\"ab") + bytes + utf8("\"]"))
        == JSONFault(reason: "bytes that are no UTF-8", offset: 4))
    #expect(fault(of: utf8("{\"ab") + bytes + utf8("\": 1}")) != nil)
  }

  @Test func `escapes stand for their characters`() throws {
    #expect(
      try JSON.parse(#""\" \\ \/ \b \f \n \r \t \u0041 \u6c34 \ud83d\ude00 \u0000""#)
        == "\" \\ / \u{8} \u{C} \n \r \t A 水 😀 \u{0}")
  }

  @Test func `a key that stands twice is refused by its pointer`() {
    #expect(
      fault(of: #"{"a": 1, "b": {"x/y": [{"k": 1, "k": 2}]}}"#)
        == JSONFault(pointer: "/b/x~1y/0/k", reason: "this key stands twice in its object"))
    #expect(fault(of: #"{"k": 1, "\u006b": 2}"#)?.pointer == "/k")
    let many = (0..<100).map { "\"k\($0)\": 0" }.joined(separator: ",")
    #expect(fault(of: "{\(many)}") == nil)
    #expect(fault(of: "{\(many),\"k7\":1}")?.pointer == "/k7")
  }

  @Test func `keys differ when their bytes do`() throws {
    let value = try JSON.parse("{\"é\": 1, \"e\u{301}\": 2}")
    #expect(value["é"] == 1)
    #expect(value["e\u{301}"] == 2)
  }

  @Test func `depth is limited`() {
    func nested(_ depth: Int) -> [UInt8] {
      Array(repeating: 0x5B, count: depth) + Array(repeating: 0x5D, count: depth)
    }
    #expect(fault(of: nested(32)) == nil)
    let deep = JSONFault(reason: "the value is nested too deeply; the limit is 32", offset: 32)
    #expect(fault(of: nested(33)) == deep)
    #expect(fault(of: nested(500)) == deep)
    #expect(fault(of: nested(512), maximumDepth: 512) == nil)
    #expect(fault(of: nested(512), maximumDepth: 100_000) == nil)
    #expect(fault(of: nested(513), maximumDepth: 100_000)?.offset == 512)
    #expect(fault(of: nested(1_000_000))?.reason.contains("too deeply") == true)
    #expect(fault(of: Array(repeating: 0x5B, count: 1_000_000)) != nil)
    #expect(fault(of: utf8(String(repeating: "{\"a\":", count: 100_000))) != nil)
    #expect(fault(of: utf8("1"), maximumDepth: 0) == nil)
    #expect(fault(of: utf8("[]"), maximumDepth: 0)?.offset == 0)
  }

  @Test func `size is limited`() throws {
    #expect(throws: JSONFault(reason: "the text has too many bytes; the limit is 4")) {
      try JSON.parse(utf8("[1,2]"), maximumBytes: 4)
    }
    #expect(try JSON.parse(utf8("[12]"), maximumBytes: 4) == [12])
  }

  @Test func `a string of a megabyte is read`() throws {
    let long = String(repeating: "水 \\n", count: 200_000)
    let value = try JSON.parse("{\"long\": \"\(long)\"}", maximumBytes: 4 << 20)
    #expect(value["long"]?.stringValue?.utf8.count == 200_000 * 5)
  }

  @Test func `a byte order mark at the start is skipped and offsets count it`() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    #expect(try JSON.parse(mark + utf8("[1]")) == [1])
    #expect(fault(of: mark + utf8("[x]"))?.offset == 4)
    #expect(fault(of: mark)?.reason == "there is no JSON value")
    #expect(fault(of: mark + mark + utf8("1")) != nil)
    #expect(fault(of: utf8("[") + mark + utf8("1]"))?.offset == 1)
  }

  @Test func `a text cut at any byte is refused and never read past`() {
    let whole = utf8(
      #"{"device":"d\u6c34\ud83d\ude00水","list":[1,-2.5e3,true,false,null,{"a":{}}],"n":12}"#)
    #expect(fault(of: whole) == nil)
    for length in 0..<whole.count {
      let cut = Array(whole[..<length])
      let fault = fault(of: cut)
      #expect(fault != nil, "cut at \(length)")
      #expect(fault?.offset == (length == 0 ? 0 : length), "cut at \(length)")
    }
  }
}

@Suite struct `Parsing lines of JSON` {
  private func lines(_ text: String) throws -> [Result<JSONValue, JSONFault>] {
    var out: [Result<JSONValue, JSONFault>] = []
    try JSON.parseLines(utf8(text)) { number, result in
      #expect(number == out.count)
      out.append(result)
    }
    return out
  }

  @Test func `blank lines do not count and a bad line harms no other`() throws {
    let found = try lines("\n{\"a\":1}\r\n  \n{\"a\":}\n[2]")
    #expect(
      found == [
        .success(["a": 1]),
        .failure(JSONFault(reason: "a character that cannot stand here", offset: 18)),
        .success([2]),
      ])
    #expect(try lines("").isEmpty)
    #expect(try lines(" \n\n").isEmpty)
    #expect(try lines("\u{FEFF}1\n2") == [.success(1), .success(2)])
  }

  @Test func `too many lines are refused before any is handed out`() {
    #expect(throws: JSONFault(reason: "there are too many rows; the limit is 2")) {
      try JSON.parseLines(utf8("1\n2\n3"), maximumLines: 2) { _, _ in Issue.record("called") }
    }
  }
}
