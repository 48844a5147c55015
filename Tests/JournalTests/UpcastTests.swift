import Journal
import Testing

struct UpcastTests {
  @Test func `an old body goes up step by step and a new one stays`() {
    var table = UpcasterTable()
    table.register(kind: "incident.filed", from: 1) { $0 + [1] }
    table.register(kind: "incident.filed", from: 2) { $0 + [2] }
    let old = table.current(kind: "incident.filed", version: 1, body: [0])
    #expect(old.version == 3)
    #expect(old.body == [0, 1, 2])
    let new = table.current(kind: "incident.filed", version: 3, body: [9])
    #expect(new.version == 3)
    #expect(new.body == [9])
    #expect(table.current(kind: "other", version: 1, body: [5]).body == [5])
  }
}
