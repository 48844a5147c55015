import CityCore
import Testing

struct AdminCodeTests {
  @Test(arguments: [
    ("33", "33", Level.province), ("330000", "33", .province), ("3301", "3301", .city),
    ("330100", "3301", .city), ("330106", "330106", .district),
    ("330106000", "330106", .district), ("330106003", "330106003", .street),
    ("330106003000", "330106003", .street), ("330106003012", "330106003012", .community),
    ("330000000000", "33", .province),
  ])
  func `trailing zeros are dropped and the length tells the level`(
    text: String, kept: String, level: Level
  ) throws {
    let code = try #require(AdminCode(rawValue: text))
    #expect(code.rawValue == kept)
    #expect(code.level == level)
  }

  @Test(arguments: ["", "3", "330", "33010", "3301061", "33010600300", "3301060030120", "3a", "３３"])
  func `other lengths and other characters are refused`(text: String) {
    #expect(AdminCode(rawValue: text) == nil)
  }

  @Test func `a code covers itself and what lies below it and nothing else`() throws {
    let city = try #require(AdminCode(rawValue: "3301"))
    let street = try #require(AdminCode(rawValue: "330106003"))
    let other = try #require(AdminCode(rawValue: "330206003"))
    #expect(city.covers(city))
    #expect(city.covers(street))
    #expect(!street.covers(city))
    #expect(!city.covers(other))
  }

  @Test func `levels and grades sort by weight`() {
    #expect(Level.allCases.sorted() == [.province, .city, .district, .street, .community])
    #expect(Grade.allCases.sorted().last == .red)
    #expect(DataClass.allCases.sorted() == [.open, .work, .restricted, .personal])
  }
}
