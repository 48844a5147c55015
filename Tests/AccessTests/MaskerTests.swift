import CityCore
import Testing

@testable import Access

@Suite struct MaskerTests {
  @Test(arguments: [
    (MaskKind.name, "张三", "张*"), (.name, "李小明", "李**"), (.name, "欧阳小明明", "欧***"),
    (.name, "张", "*"), (.name, "John Smith", "J*** S***"), (.name, "   ", "****"),
    (.phone, "13812341234", "138****1234"), (.phone, "138 1234-1234", "138****1234"),
    (.phone, "+8613812341234", "+86****1234"), (.phone, "87654321", "****21"),
    (.phone, "110", "****"), (.identityNumber, "330106199001011234", "330****34"),
    (.identityNumber, "12345678", "****78"),
    (.address, "杭州市西湖区文三路1号", "杭州市西湖区****"), (.address, "文三路1号", "****"),
    (.address, "西湖区", "****"), (.email, "someone@example.org", "s****@example.org"),
    (.email, "a@b.c", "****"), (.email, "nobody", "****"), (.plate, "浙A12345", "浙A****"),
    (.plate, "浙A1", "****"), (.text, "anything", "****"), (.name, "", ""),
  ])
  func `fields keep only what they may be recognised by`(
    _ field: MaskKind, _ value: String, _ masked: String
  ) {
    #expect(Masker.mask(value, as: field) == masked)
  }

  @Test func `a masked field never equals what it masks`() throws {
    var random = SeededRandom(seed: 5)
    let alphabet = Array("0123456789abcXYZ张三李四市区县省@.- 🚒")
    for _ in 0..<20_000 {
      let length = 1 + random.below(24)
      let value = String(try (0..<length).map { _ in try random.pick(alphabet) })
      let field = try random.pick(MaskKind.allCases.filter { $0 != .address })
      let masked = Masker.mask(value, as: field)
      #expect(masked != value, "\(field) \(value)")
      #expect(masked.contains("*"))
    }
  }

  @Test func `personal fields are masked for everybody`() {
    for clearance in DataClass.allCases {
      let shown = Masker(clearance: clearance).show("张三", as: .name, dataClass: .personal)
      #expect(shown == MaskedValue(text: "张*", isMasked: true))
    }
    let empty = Masker(clearance: .personal).show("", as: .name, dataClass: .personal)
    #expect(empty == MaskedValue(text: "", isMasked: false))
  }

  @Test func `other fields are left out above the clearance`() {
    let low = Masker(clearance: .work)
    #expect(low.show("阀门密码", as: .text, dataClass: .restricted).text == "****")
    #expect(low.show("道路积水", as: .text, dataClass: .work).text == "道路积水")
    #expect(Masker(clearance: .open).show("道路积水", as: .text, dataClass: .work).isMasked)
    #expect(!Masker(clearance: .restricted).show("x", as: .text, dataClass: .restricted).isMasked)
  }

  @Test func `the clearance is that of the scope over the place`() throws {
    let district = try District()
    let scope = district.policy.visibleScope(
      try district.person(.auditor), .readIncidents, now: noon)
    let here = Resource(jurisdiction: district.eastStreet)
    #expect(Masker(scope: scope, over: here).clearance == .restricted)
    let elsewhere = Resource(jurisdiction: try code("44"))
    #expect(Masker(scope: scope, over: elsewhere).clearance == .open)
  }
}
