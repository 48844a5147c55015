import CityJSON
import Testing

@Suite struct `JSON values` {
  @Test func `members and elements are reached by subscript`() {
    var value: JSONValue = ["a": ["b": [10, 20]], "c": nil]
    #expect(value["a"]?["b"]?[1] == 20)
    #expect(value["a"]?["b"]?[2] == nil)
    #expect(value["a"]?["b"]?[-1] == nil)
    #expect(value["x"] == nil)
    #expect(value["c"] == .some(.null))
    value["c"] = "now"
    value["d"] = true
    value["a"] = nil
    #expect(value.objectValue?.keys == ["c", "d"])
    var scalar: JSONValue = 5
    scalar["made"] = "object"
    #expect(scalar == ["made": "object"])
  }

  @Test func `numbers are read as either kind when that is exact`() {
    #expect(JSONValue.int(5).doubleValue == 5)
    #expect(JSONValue.double(5).intValue == 5)
    #expect(JSONValue.double(5.5).intValue == nil)
    #expect(JSONValue.double(1e300).intValue == nil)
    #expect(JSONValue.double(.nan).intValue == nil)
    #expect(JSONValue.string("5").intValue == nil)
    #expect(JSONValue.bool(true).intValue == nil)
  }

  @Test func `objects are equal whatever their order`() {
    let one: JSONValue = ["a": 1, "b": 2]
    let other: JSONValue = ["b": 2, "a": 1]
    #expect(one == other)
    #expect(one.hashValue == other.hashValue)
    #expect(one != ["a": 1, "b": 3])
    #expect(one != ["a": 1])
    #expect(one != ["a": 1, "c": 2])
  }

  @Test func `a copied object does not change with the original`() {
    var original: JSONObject = ["a": 1]
    let copy = original
    original["a"] = 2
    original["b"] = 3
    #expect(copy == ["a": 1])
    #expect(original == ["a": 2, "b": 3])
  }

  @Test func `large objects keep their order through changes`() {
    var object = JSONObject()
    for index in 0..<100 { object["k\(index)"] = .int(Int64(index)) }
    #expect(object.count == 100)
    for index in stride(from: 0, to: 100, by: 2) {
      let removed = object.remove("k\(index)")
      #expect(removed == .int(Int64(index)))
    }
    #expect(object.keys == stride(from: 1, to: 100, by: 2).map { "k\($0)" })
    for index in stride(from: 1, to: 100, by: 2) {
      #expect(object["k\(index)"] == .int(Int64(index)))
    }
    let appended = object.append(7, forKey: "k1")
    #expect(!appended)
    #expect(object["k1"] == 1)
    for index in stride(from: 1, to: 99, by: 2) { object["k\(index)"] = nil }
    #expect(object == ["k99": 99])
    object["b"] = 1
    object["a"] = 2
    object.sort()
    #expect(object.map(\.key) == ["a", "b", "k99"])
  }

  @Test(arguments: [
    ("", ["foo", "", "a/b", "c%d", "m~n", "k\"l"] as [String]?), ("/foo", nil), ("/foo/0", nil),
  ])
  func `pointers of RFC 6901 are followed`(_ pointer: String, _ keys: [String]?) throws {
    let value = try JSON.parse(
      #"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, "k\"l": 6}"#)
    #expect(value[pointer: pointer] != nil)
    if let keys { #expect(value[pointer: pointer]?.objectValue?.keys == keys) }
    #expect(value[pointer: "/foo/1"] == "baz")
    #expect(value[pointer: "/"] == 0)
    #expect(value[pointer: "/a~1b"] == 1)
    #expect(value[pointer: "/c%d"] == 2)
    #expect(value[pointer: "/m~0n"] == 8)
    #expect(value[pointer: "/k\"l"] == 6)
  }

  @Test(arguments: [
    "foo", "/foo/2", "/foo/01", "/foo/-", "/foo/-1", "/foo/x", "/x", "/foo~", "/a~2b",
    "/foo/99999999999999999999",
  ])
  func `pointers to nothing give nil`(_ pointer: String) throws {
    let value = try JSON.parse(#"{"foo": ["bar", "baz"], "a~2b": 1}"#)
    #expect(value[pointer: pointer] == nil)
  }

  @Test func `a fault says place and reason in one line`() {
    let fault = JSONFault(pointer: "/a", reason: "it is wrong", offset: 7)
    #expect("\(fault)" == "/a: it is wrong (at byte 7)")
    #expect("\(JSONFault(reason: "it is wrong"))" == "it is wrong")
  }
}
