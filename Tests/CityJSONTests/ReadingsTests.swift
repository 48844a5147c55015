import CityJSON
import Testing

/// A row copied out of the parser's buffers.
private struct Row: Equatable {
  var index: Int
  var device: String
  var property: String
  var value: Double
  var unit: String?
  var time: String?
  var id: String?

  init(_ row: ReadingRow) {
    index = row.index
    device = String(decoding: row.device, as: UTF8.self)
    property = String(decoding: row.property, as: UTF8.self)
    value = row.value
    unit = row.unit.map { String(decoding: $0, as: UTF8.self) }
    time = row.time.map { String(decoding: $0, as: UTF8.self) }
    id = row.id.map { String(decoding: $0, as: UTF8.self) }
  }

  init(
    _ index: Int, _ device: String, _ property: String, _ value: Double, unit: String? = nil,
    time: String? = nil, id: String? = nil
  ) {
    self.index = index
    self.device = device
    self.property = property
    self.value = value
    self.unit = unit
    self.time = time
    self.id = id
  }
}

private struct Batch {
  var rows: [Row] = []
  var refused: [ReadingRefusal] = []

  init(_ text: String, ndjson: Bool = false, maximumRows: Int = 10_000) throws(JSONFault) {
    try self.init(utf8(text), ndjson: ndjson, maximumRows: maximumRows)
  }

  init(_ bytes: [UInt8], ndjson: Bool, maximumRows: Int = 10_000) throws(JSONFault) {
    var rows: [Row] = []
    var refused: [ReadingRefusal] = []
    let count = try JSONReadings.parse(
      bytes, ndjson: ndjson, maximumRows: maximumRows, refused: { refused.append($0) },
      body: { rows.append(Row($0)) })
    #expect(count == rows.count + refused.count)
    self.rows = rows
    self.refused = refused
  }

  var codes: [Int: ReadingRefusal.Code] {
    Dictionary(uniqueKeysWithValues: refused.map { ($0.index, $0.code) })
  }
}

@Suite struct `Batches of readings` {
  @Test func `an array of rows is read`() throws {
    let batch = try Batch(
      #"""
      [{"device":"d1","property":"waterLevel","value":1.25,"unit":"m","time":"2026-07-21T03:04:05Z","id":"r1"},
       {"value":-3,"extra":{"a":[1,{"value":"x"}]},"property":"温度","device":"d\u0032","unit":null}]
      """#)
    #expect(
      batch.rows == [
        Row(0, "d1", "waterLevel", 1.25, unit: "m", time: "2026-07-21T03:04:05Z", id: "r1"),
        Row(1, "d2", "温度", -3),
      ])
    #expect(batch.refused.isEmpty)
  }

  @Test func `one object is a batch of one and an empty array is none`() throws {
    #expect(
      try Batch(#"{"device":"d","property":"p","value":18446744073709551615}"#).rows
        == [Row(0, "d", "p", 0x1p64)])
    #expect(try Batch("[]").rows.isEmpty)
  }

  @Test func `each bad row is refused for its own reason and the others count`() throws {
    let batch = try Batch(
      #"""
      [{"device":"d","property":"p","value":1},
       7,
       {"property":"p","value":1},
       {"device":"d","value":1},
       {"device":"d","property":"p","id":"r4"},
       {"device":"d","property":"p","value":null},
       {"device":"d","property":"p","value":"1"},
       {"device":5,"property":"p","value":1},
       {"device":"d","property":"p","value":1,"time":5},
       {"device":"d","property":"p","value":1,"value":2},
       {"device":"d","device":"d","property":"p","value":1},
       {},
       [],
       {"device":"d","property":"p","value":2}]
      """#)
    #expect(batch.rows.map(\.index) == [0, 13])
    #expect(
      batch.codes == [
        1: .notAnObject, 2: .missing, 3: .missing, 4: .missing, 5: .missing, 6: .wrongType,
        7: .wrongType, 8: .wrongType, 9: .duplicateKey, 10: .duplicateKey, 11: .missing,
        12: .notAnObject,
      ])
    #expect(
      batch.refused.map(\.reason) == [
        "a row must be an object", "`device` is missing", "`property` is missing",
        "`value` is missing", "`value` is missing", "`value` must be a number",
        "`device` must be a string", "`time` must be a string", "`value` stands twice",
        "`device` stands twice", "`device` is missing", "a row must be an object",
      ])
    #expect(batch.refused[3].id == "r4")
  }

  @Test func `a number too large costs its row only`() throws {
    let text =
      #"[{"device":"a","property":"p","value":1}, {"device":"b","property":"p","value":1e999}, {"device":"c","property":"p","value":123456789012345678901234567890}]"#
    let batch = try Batch(text)
    #expect(
      batch.rows == [Row(0, "a", "p", 1), Row(2, "c", "p", 123456789012345678901234567890.0)])
    #expect(batch.codes == [1: .overflow])
    let offset = try #require(batch.refused.first?.offset)
    #expect(text.utf8.dropFirst(offset).starts(with: "1e999".utf8))
    #expect(try Batch(#"{"device":"a","property":"p","value":1e999}"#).codes == [0: .overflow])
    #expect(
      try Batch("[1e999,[1e999],\"x\"]").codes == [0: .overflow, 1: .overflow, 2: .notAnObject])
  }

  @Test(arguments: [
    "", "  ", "[", "[{]", #"[{"device":"d"},]"#, "5", "\"x\"", "1e999", #"[{"device":"\udc00"}]"#,
    "[NaN]",
  ])
  func `an array that cannot be read is a fault of the whole`(_ text: String) {
    #expect(throws: JSONFault.self) { try Batch(text) }
  }

  @Test func `a bad line is a refused row and loses no other`() throws {
    let good = #"{"device":"d","property":"p","value":1}"#
    let bytes =
      utf8("\u{FEFF}" + good + "\r\n\n" + good.dropLast() + "\n" + "[\(good)]\n")
      + utf8("{\"device\":\"") + [0xFF] + utf8("\"}\n")
      + utf8("{\"device\":\"d\",\"property\":\"p\",\"value\":NaN}\n")
      + utf8("{\"device\":\"d\",\"property\":\"p\",\"value\":-1e400}\n") + utf8("   \t\n" + good)
    let batch = try Batch(bytes, ndjson: true)
    #expect(batch.rows == [Row(0, "d", "p", 1), Row(6, "d", "p", 1)])
    #expect(
      batch.codes == [1: .malformed, 2: .notAnObject, 3: .malformed, 4: .malformed, 5: .overflow])
    #expect(batch.refused[0].reason == "the text ends before the value is complete")
    let wrong = try #require(batch.refused[2].offset)
    #expect(bytes[wrong] == 0xFF)
    let infinite = try #require(batch.refused[4].offset)
    #expect(bytes[infinite...].starts(with: utf8("-1e400")))
  }

  @Test func `lines without a row are an empty batch`() throws {
    #expect(try Batch("", ndjson: true).rows.isEmpty)
    #expect(try Batch("\n \r\n", ndjson: true).rows.isEmpty)
  }

  @Test(arguments: [true, false])
  func `too many rows are refused before any is handed out`(_ ndjson: Bool) throws {
    let row = #"{"device":"d","property":"p","value":1}"#
    let rows = Array(repeating: row, count: 3).joined(separator: ndjson ? "\n" : ",")
    let text = ndjson ? rows : "[\(rows)]"
    #expect(try Batch(text, ndjson: ndjson, maximumRows: 3).rows.count == 3)
    let fault = #expect(throws: JSONFault.self) {
      try JSONReadings.parse(
        utf8(text), ndjson: ndjson, maximumRows: 2, refused: { _ in Issue.record("called") },
        body: { _ in Issue.record("called") })
    }
    #expect(fault?.reason == "there are too many rows; the limit is 2")
    #expect(throws: JSONFault.self) {
      try JSONReadings.parse(
        utf8("[1e999,1,2]"), ndjson: false, maximumRows: 2, refused: { _ in }, body: { _ in })
    }
  }

  @Test func `a body of too many bytes is refused`() {
    #expect(throws: JSONFault(reason: "the text has too many bytes; the limit is 5")) {
      try JSONReadings.parse(
        utf8("[1,2,3]"), ndjson: false, maximumBytes: 5, refused: { _ in }, body: { _ in })
    }
  }

  @Test(arguments: [true, false])
  func `random batches are read as they were written`(_ ndjson: Bool) throws {
    var random = SplitMix(seed: 77)
    for _ in 0..<50 {
      var writer = JSONWriter()
      var expected: [Row] = []
      if !ndjson { writer.beginArray() }
      for index in 0..<random.below(40) {
        let row = Row(
          index, random.text(), random.text(), random.double(), unit: index % 2 == 0 ? "m" : nil,
          time: random.text(), id: index % 3 == 0 ? random.text() : nil)
        writer.beginObject()
        writer.member("id", row.id)
        writer.member("value", row.value)
        writer.member("time", row.time)
        writer.member("device", row.device)
        writer.member("property", row.property)
        writer.member("unit", row.unit)
        writer.endObject()
        if ndjson { writer.endLine() }
        expected.append(row)
      }
      if !ndjson { writer.endArray() }
      let batch = try Batch(writer.bytes, ndjson: ndjson)
      #expect(batch.rows == expected)
      #expect(batch.refused.isEmpty)
    }
  }

  @Test func `parsers serve many threads at once`() async {
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<16 {
        group.addTask {
          (0..<50).allSatisfy { round in
            let text = #"[{"device":"d\#(task)","property":"p","value":\#(round)}]"#
            return (try? Batch(text).rows) == [Row(0, "d\(task)", "p", Double(round))]
          }
        }
      }
      for await good in group { #expect(good) }
    }
  }
}

@Suite struct `The table of texts` {
  @Test func `a text keeps the number of its first appearance`() {
    var table = TextTable()
    var random = SplitMix(seed: 5)
    var numbers: [String: Int] = [:]
    for _ in 0..<5000 {
      let name = "device-\(random.below(700))"
      let number = utf8(name).withUnsafeBufferPointer { table.number(of: $0) }
      #expect(numbers[name, default: number] == number)
      numbers[name] = number
      #expect(table[number] == name)
    }
    #expect(table.count == numbers.count)
    #expect(utf8("").withUnsafeBufferPointer { table.number(of: $0) } == table.count - 1)
    #expect(table.texts.last == "")
  }
}
