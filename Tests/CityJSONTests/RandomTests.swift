import CSimdjson
import CityJSON
import Testing

@Suite struct `Random JSON` {
  @Test(arguments: 0..<8)
  func `what is written reads back the same`(_ seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    for _ in 0..<250 {
      let value = random.value()
      let bytes = try JSON.encode(value)
      let back = try JSON.parse(bytes)
      #expect(back == value)
      #expect(try JSON.encode(back) == bytes)
      #expect(try JSON.value(of: value) == value)
      #expect(try JSON.decode(JSONValue.self, from: bytes) == value)
    }
  }

  /// A strict second opinion on every mutation: the shim's locator shares no code with simdjson.
  @Test(arguments: 0..<10)
  func `a thousand mutations crash nothing and both readers agree`(_ seed: Int) throws {
    var random = SplitMix(seed: 1000 + UInt64(seed))
    let parser = try #require(csj_parser_create())
    defer { csj_parser_destroy(parser) }
    for round in 0..<1000 {
      var bytes = try JSON.encode(random.value())
      for _ in 0...random.below(4) { mutate(&bytes, &random) }
      if bytes.isEmpty { bytes = [0x20] }
      var document = csj_document()
      var fault = csj_fault()
      let code = csj_parse(parser, bytes, bytes.count, &document, &fault)
      let opinion = csj_locate(bytes, bytes.count, Int(CSJ_DEPTH_LIMIT))
      #expect(code == opinion.code, "seed \(seed), round \(round): \(text(bytes).debugDescription)")
      #expect(code != CSJ_INTERNAL)

      // Accepted texts come back from the writer; refused ones say where.
      do throws(JSONFault) {
        let value = try JSON.parse(bytes)
        #expect(try JSON.parse(try JSON.encode(value)) == value)
      } catch {
        #expect(error.offset != nil || !error.pointer.isEmpty || opinion.code == CSJ_OK)
        #expect((error.offset ?? 0) <= bytes.count)
      }
      var rows = 0
      try? JSON.parseLines(bytes) { _, _ in rows += 1 }
      for ndjson in [true, false] {
        var seen = 0
        let count = try? JSONReadings.parse(
          bytes, ndjson: ndjson, refused: { _ in seen += 1 }, body: { _ in seen += 1 })
        #expect(count ?? 0 == seen)
        if ndjson { #expect(seen == rows) }
      }
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let alphabet =
      utf8("{}[]\",:\\u0123456789.eE+-tfn \n\u{0}d8c\u{7F}") + [0x80, 0xC3, 0xED, 0xF4, 0xFF]
    let at = random.below(bytes.count)
    switch random.below(6) {
    case 0 where !bytes.isEmpty: bytes[at] = alphabet[random.below(alphabet.count)]
    case 1 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8(random.below(8))
    case 2 where !bytes.isEmpty: bytes.remove(at: at)
    case 3: bytes.insert(alphabet[random.below(alphabet.count)], at: at)
    case 4 where !bytes.isEmpty: bytes.removeSubrange(at..<min(bytes.count, at + random.below(9)))
    default:
      let end = min(bytes.count, at + random.below(30))
      bytes.insert(contentsOf: Array(bytes[at..<end]), at: random.below(bytes.count))
    }
  }
}
