import CityJSON
import Testing

private enum Kind: String, Codable { case person, device }

private struct Name: RawRepresentable, Codable, Hashable {
  let rawValue: String
  init?(rawValue: String) {
    guard !rawValue.isEmpty else { return nil }
    self.rawValue = rawValue
  }
}

private struct Inner: Codable, Equatable {
  var name: Name
  var kind: Kind
  var parties: [Name]
  var note: String?
}

private struct Outer: Codable, Equatable {
  var zulu: Int
  var alpha: Double
  var on: Bool
  var inner: Inner
  var list: [Inner]
  var map: [String: Int]
  var body: JSONValue
  var small: UInt8
  var ratio: Float
  var nothing: Int?

  static let sample = Outer(
    zulu: -5, alpha: 2, on: true,
    inner: Inner(name: Name(rawValue: "n")!, kind: .device, parties: [], note: nil),
    list: [
      Inner(name: Name(rawValue: "水")!, kind: .person, parties: [Name(rawValue: "p")!], note: "x")
    ],
    map: ["b": 2, "a": 1, "c": 3], body: ["free": [1, 2.5, nil]], small: 255, ratio: 0.1,
    nothing: nil)

  static let text =
    #"{"zulu":-5,"alpha":2.0,"on":true,"inner":{"name":"n","kind":"device","parties":[]},"#
    + #""list":[{"name":"水","kind":"person","parties":["p"],"note":"x"}],"#
    + #""map":{"a":1,"b":2,"c":3},"body":{"free":[1,2.5,null]},"small":255,"ratio":0.1}"#
}

@Suite struct `Encoding and decoding types` {
  @Test func `members stand in the order of declaration and nil is left out`() throws {
    #expect(text(try JSON.encode(Outer.sample)) == Outer.text)
  }

  @Test func `what is encoded decodes the same`() throws {
    #expect(try JSON.decode(Outer.self, from: utf8(Outer.text)) == Outer.sample)
    #expect(try JSON.decode(Outer.self, from: try JSON.value(of: Outer.sample)) == Outer.sample)
  }

  @Test func `the value of a type is what its text says`() throws {
    #expect(try JSON.value(of: Outer.sample) == (try JSON.parse(Outer.text)))
  }

  @Test func `the order of members does not matter when decoding and unknown ones are ignored`()
    throws
  {
    let json = #"{"x":[{}],"parties":["b","a"],"kind":"person","note":null,"name":"n"}"#
    #expect(
      try JSON.decode(Inner.self, from: utf8(json))
        == Inner(
          name: Name(rawValue: "n")!, kind: .person,
          parties: [Name(rawValue: "b")!, Name(rawValue: "a")!], note: nil))
  }

  @Test(arguments: [
    (#"{"name":"n","kind":"person"}"#, "/parties", "this member is missing"),
    (#"{"kind":"person","parties":[]}"#, "/name", "this member is missing"),
    (#"[]"#, "", "an object is needed, but this is an array"),
    (
      #"{"name":5,"kind":"person","parties":[]}"#, "/name",
      "a string is needed, but this is a number"
    ),
    (#"{"name":"n","kind":null,"parties":[]}"#, "/kind", "a string is needed, but this is null"),
    (
      #"{"name":"n","kind":"person","parties":{}}"#, "/parties",
      "an array is needed, but this is an object"
    ),
    (
      #"{"name":"n","kind":"person","parties":["a",true]}"#, "/parties/1",
      "a string is needed, but this is a boolean"
    ),
    (
      #"{"name":"n","kind":"person","parties":[],"note":1}"#, "/note",
      "a string is needed, but this is a number"
    ),
  ])
  func `a fault names the member and what is wrong`(
    _ json: String, _ pointer: String, _ reason: String
  ) {
    #expect(throws: JSONFault(pointer: pointer, reason: reason)) {
      try JSON.decode(Inner.self, from: utf8(json))
    }
  }

  @Test func `a value that its type refuses is placed too`() {
    for (json, pointer) in [
      (#"{"name":"","kind":"person","parties":[]}"#, "/name"),
      (#"{"name":"n","kind":"cat","parties":[]}"#, "/kind"),
      (#"{"name":"n","kind":"person","parties":["a",""]}"#, "/parties/1"),
    ] {
      let fault = #expect(throws: JSONFault.self) { try JSON.decode(Inner.self, from: utf8(json)) }
      #expect(fault?.pointer == pointer)
      #expect(fault?.reason.isEmpty == false)
    }
  }

  @Test func `faults of the syntax come through`() {
    #expect(throws: JSONFault(reason: "the text ends before the value is complete", offset: 1)) {
      try JSON.decode(Inner.self, from: utf8("{"))
    }
  }

  @Test func `integers are taken only when exact and in range`() throws {
    #expect(try JSON.decode([UInt8].self, from: utf8("[0, 255, 7.0, 1e2]")) == [0, 255, 7, 100])
    #expect(try JSON.decode(Double.self, from: utf8("7")) == 7)
    #expect(
      throws: JSONFault(pointer: "/1", reason: "the integer must lie between 0 and 255")
    ) {
      try JSON.decode([UInt8].self, from: utf8("[1, 256]"))
    }
    #expect(throws: JSONFault.self) { try JSON.decode(Int.self, from: utf8("7.5")) }
    #expect(throws: JSONFault.self) { try JSON.decode(Int.self, from: utf8("1e17")) }
    #expect(throws: JSONFault.self) {
      try JSON.decode(UInt64.self, from: utf8("18446744073709551615"))
    }
    #expect(throws: JSONFault.self) { try JSON.decode(Float.self, from: utf8("1e300")) }
    #expect(throws: JSONFault.self) { try JSON.decode(Int.self, from: utf8("\"7\"")) }
    #expect(throws: JSONFault.self) { try JSON.decode(Int.self, from: utf8("true")) }
    #expect(throws: JSONFault.self) { try JSON.decode(Bool.self, from: utf8("1")) }
  }

  @Test func `every width of integer comes and goes`() throws {
    func check<T: FixedWidthInteger & Codable>(_ values: T...) throws {
      #expect(try JSON.decode([T].self, from: try JSON.encode(values)) == values)
      #expect(
        try JSON.decode([String: T].self, from: try JSON.encode(["k": values[0]])) == [
          "k": values[0]
        ])
    }
    try check(Int.min, .max, 0)
    try check(Int8.min, .max)
    try check(Int16.min, .max)
    try check(Int32.min, .max)
    try check(Int64.min, .max)
    try check(UInt.min, UInt(Int64.max))
    try check(UInt8.min, .max)
    try check(UInt16.min, .max)
    try check(UInt32.min, .max)
    try check(UInt64.min, UInt64(Int64.max))
    try check(Int128(Int64.min), Int128(Int64.max))
  }

  @Test func `integers beyond Int64 are refused and not rounded`() {
    #expect(
      throws: JSONFault(
        pointer: "/k/0", reason: "an integer beyond Int64 must be written as a string")
    ) {
      try JSON.encode(["k": [UInt64.max]])
    }
    #expect(throws: JSONFault.self) { try JSON.encode(Int128.max) }
  }

  @Test func `dictionaries and sets have one order`() throws {
    let map = Dictionary(uniqueKeysWithValues: (0..<50).map { ("k\($0)", $0) })
    let expected = map.keys.sorted().map { "\"\($0)\":\(map[$0] ?? 0)" }.joined(separator: ",")
    #expect(text(try JSON.encode(map)) == "{\(expected)}")
    #expect(try JSON.decode([String: Int].self, from: try JSON.encode(map)) == map)
    let set = Set((10..<60).map { "e\($0)" })
    #expect(
      text(try JSON.encode(set)) == "[" + set.sorted().map { "\"\($0)\"" }.joined(separator: ",")
        + "]")
    let pairs: [Name: Set<Int>] = [Name(rawValue: "b")!: [3, 1, 2], Name(rawValue: "a")!: []]
    #expect(text(try JSON.encode(pairs)) == #"["a",[],"b",[1,2,3]]"#)
    #expect(try JSON.decode([Name: Set<Int>].self, from: try JSON.encode(pairs)) == pairs)
    #expect(text(try JSON.encode([5: "x", 30: "z"])) == #"{"30":"z","5":"x"}"#)
    #expect(
      try JSON.decode([Int: String].self, from: utf8(#"{"30":"z","5":"x"}"#)) == [5: "x", 30: "z"])
  }

  @Test func `optionals are null inside arrays`() throws {
    #expect(text(try JSON.encode([1, nil, 3] as [Int?])) == "[1,null,3]")
    #expect(try JSON.decode([Int?].self, from: utf8("[1,null,3]")) == [1, nil, 3])
    #expect(text(try JSON.encode(nil as Int?)) == "null")
    #expect(try JSON.decode(Int?.self, from: utf8("null")) == nil)
  }
}

// MARK: - Unusual coders

private class Base: Codable {
  var base = 1
}

private final class Derived: Base {
  var own = "x"
  private enum CodingKeys: String, CodingKey { case own }
  override init() { super.init() }
  required init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    own = try container.decode(String.self, forKey: .own)
    try super.init(from: try container.superDecoder())
  }
  override func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try super.encode(to: container.superEncoder())
    try container.encode(own, forKey: .own)
  }
}

private struct Nested: Codable, Equatable {
  var x: Int
  var rest: [Int]
  private enum Keys: String, CodingKey { case outer, list, x }

  init(x: Int, rest: [Int]) {
    self.x = x
    self.rest = rest
  }
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    x = try container.nestedContainer(keyedBy: Keys.self, forKey: .outer).decode(
      Int.self, forKey: .x)
    var list = try container.nestedUnkeyedContainer(forKey: .list)
    var inner = try list.nestedUnkeyedContainer()
    rest = []
    while !inner.isAtEnd { rest.append(try inner.decode(Int.self)) }
    let last = try list.nestedContainer(keyedBy: Keys.self)
    #expect(last.allKeys == [.x])
    #expect(list.isAtEnd)
    #expect(throws: DecodingError.self) { try list.decode(Int.self) }
  }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    var outer = container.nestedContainer(keyedBy: Keys.self, forKey: .outer)
    var list = container.nestedUnkeyedContainer(forKey: .list)
    // Filled in turns, which a writer of plain bytes could not follow.
    var inner = list.nestedUnkeyedContainer()
    var last = list.nestedContainer(keyedBy: Keys.self)
    try outer.encode(x, forKey: .x)
    for value in rest { try inner.encode(value) }
    try last.encode(0, forKey: .x)
  }
}

private struct Nothing: Codable, Equatable {
  init() {}
  init(from decoder: any Decoder) throws {}
  func encode(to encoder: any Encoder) throws {}
}

private struct Stubborn: Codable {
  struct Refusal: Error, CustomStringConvertible { var description: String { "it will not" } }
  init() {}
  init(from decoder: any Decoder) throws { throw Refusal() }
  func encode(to encoder: any Encoder) throws { throw Refusal() }
}

@Suite struct `Unusual coders` {
  @Test func `classes with a superclass come and go`() throws {
    let derived = Derived()
    derived.base = 7
    derived.own = "y"
    let bytes = try JSON.encode(derived)
    #expect(text(bytes) == #"{"super":{"base":7},"own":"y"}"#)
    let back = try JSON.decode(Derived.self, from: bytes)
    #expect(back.base == 7)
    #expect(back.own == "y")
  }

  @Test func `nested containers may be filled in any order`() throws {
    let value = Nested(x: 5, rest: [1, 2])
    let bytes = try JSON.encode(value)
    #expect(text(bytes) == #"{"outer":{"x":5},"list":[[1,2],{"x":0}]}"#)
    #expect(try JSON.decode(Nested.self, from: bytes) == value)
    #expect(
      throws: JSONFault(pointer: "/list/0/1", reason: "an integer is needed, but this is a string")
    ) {
      try JSON.decode(Nested.self, from: utf8(#"{"outer":{"x":5},"list":[[1,"2"],{"x":0}]}"#))
    }
    #expect(throws: JSONFault(pointer: "/outer/x", reason: "this member is missing")) {
      try JSON.decode(Nested.self, from: utf8(#"{"outer":{},"list":[[1],{"x":0}]}"#))
    }
  }

  @Test func `a value that encodes nothing is an empty object`() throws {
    #expect(text(try JSON.encode([Nothing()])) == "[{}]")
    #expect(try JSON.decode([Nothing].self, from: utf8("[{}]")) == [Nothing()])
  }

  @Test func `an error of the type itself becomes a fault`() {
    #expect(throws: JSONFault(reason: "it will not")) { try JSON.encode([Stubborn()]) }
    #expect(throws: JSONFault(reason: "it will not")) {
      try JSON.decode(Stubborn.self, from: utf8("1"))
    }
  }

  @Test func `objects are members of types too`() throws {
    let object: JSONObject = ["b": 1, "a": [nil]]
    #expect(text(try JSON.encode(["o": object])) == #"{"o":{"b":1,"a":[null]}}"#)
    #expect(
      try JSON.decode([String: JSONObject].self, from: utf8(#"{"o":{"b":1,"a":[null]}}"#)) == [
        "o": object
      ])
    #expect(throws: JSONFault(pointer: "/o", reason: "an object is needed")) {
      try JSON.decode([String: JSONObject].self, from: utf8(#"{"o":1}"#))
    }
  }

  @Test(arguments: 0..<4)
  func `random trees decode through every container`(_ seed: Int) throws {
    var random = SplitMix(seed: 9000 + UInt64(seed))
    for _ in 0..<100 {
      let value = random.value()
      let tree = try JSON.decode(Tree.self, from: value)
      #expect(try JSON.value(of: tree) == value)
      #expect(try JSON.encode(tree).count == (try JSON.encode(value)).count)
    }
  }
}

/// Any JSON by means of `Codable` alone.
private indirect enum Tree: Codable {
  case null
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  case array([Tree])
  case object([(String, Tree)])

  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let container = try? decoder.container(keyedBy: Key.self) {
      self = .object(
        try container.allKeys.map { ($0.stringValue, try container.decode(Tree.self, forKey: $0)) })
    } else if var container = try? decoder.unkeyedContainer() {
      var elements: [Tree] = []
      while !container.isAtEnd { elements.append(try container.decode(Tree.self)) }
      self = .array(elements)
    } else {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(JSONValue.self), case .double(let double) = value
      {
        self = .double(double)
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Int64.self) {
        self = .int(value)
      } else {
        self = .string(try container.decode(String.self))
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: Key.self)
      for (key, value) in members { try container.encode(value, forKey: Key(stringValue: key)) }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let value): try value.encode(to: encoder)
    case .int(let value): try value.encode(to: encoder)
    case .double(let value): try value.encode(to: encoder)
    case .string(let value): try value.encode(to: encoder)
    }
  }
}
