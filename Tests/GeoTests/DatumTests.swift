import CityCore
import Geo
import Testing

struct DatumTests {
  @Test func `a GCJ-02 position comes back within a ten-millionth of a degree`() throws {
    var random = SeededRandom(seed: 1)
    for _ in 0..<5_000 {
      let here = try place(random.between(73, 135), random.between(3, 53))
      let shown = DatumConversion.gcj02(here)
      let back = try #require(
        DatumConversion.wgs84(longitude: shown.longitude, latitude: shown.latitude, from: .gcj02))
      #expect(abs(back.longitude - here.longitude) < 1e-7)
      #expect(abs(back.latitude - here.latitude) < 1e-7)
    }
  }

  @Test func `a BD-09 position comes back within a ten-millionth of a degree`() throws {
    var random = SeededRandom(seed: 2)
    for _ in 0..<5_000 {
      let here = try place(random.between(73, 135), random.between(3, 53))
      let shown = DatumConversion.bd09(here)
      let back = try #require(
        DatumConversion.wgs84(longitude: shown.longitude, latitude: shown.latitude, from: .bd09))
      #expect(abs(back.longitude - here.longitude) < 1e-7)
      #expect(abs(back.latitude - here.latitude) < 1e-7)
    }
  }

  @Test func `the offset in Beijing is the one that maps show`() throws {
    // Tian'anmen, 116.39123 39.90690: other implementations of the same formulas give
    // 116.397467, 39.908306 for GCJ-02 (a shift of half a kilometre to the north-east).
    let shown = DatumConversion.gcj02(try place(116.39123, 39.90690))
    #expect(abs(shown.longitude - 116.397_47) < 2e-5)
    #expect(abs(shown.latitude - 39.908_30) < 2e-5)
    let baidu = DatumConversion.bd09(try place(116.39123, 39.90690))
    #expect(abs(baidu.longitude - shown.longitude - 0.0064) < 4e-4)
    #expect(abs(baidu.latitude - shown.latitude - 0.0063) < 4e-4)
  }

  @Test(arguments: [(2.2945, 48.8584), (-73.98, 40.75), (151.2, -33.9), (139.7, 35.7)])
  func `outside the shifted rectangle GCJ-02 is WGS 84`(longitude: Double, latitude: Double) throws
  {
    let here = try place(longitude, latitude)
    let shown = DatumConversion.gcj02(here)
    #expect(shown == (longitude, latitude))
    #expect(
      DatumConversion.wgs84(longitude: longitude, latitude: latitude, from: .gcj02) == here)
  }

  @Test func `WGS 84 and CGCS2000 are taken as they are`() throws {
    let here = try place(120.15, 30.28)
    for datum in [Datum.wgs84, .cgcs2000] {
      #expect(try Coordinate.declared(longitude: 120.15, latitude: 30.28, datum: datum) == here)
    }
  }

  @Test func `an undeclared datum is refused and the fault names the member`() {
    let problem = #expect(throws: Problem.self) {
      try Coordinate.declared(longitude: 120, latitude: 30, datum: nil, at: "/place")
    }
    #expect(problem?.code == .invalid)
    #expect(problem?.faults.map(\.at) == ["/place/datum"])
  }

  @Test(arguments: [
    (181.0, 0.0), (0, 91), (.nan, 0), (0, .nan), (.infinity, 0), (0, -.infinity), (1e300, -1e300),
  ])
  func `numbers that are no place on earth are refused in every datum`(
    longitude: Double, latitude: Double
  ) {
    for datum in Datum.allCases {
      #expect(throws: Problem.self) {
        try Coordinate.declared(longitude: longitude, latitude: latitude, datum: datum)
      }
      #expect(
        DatumConversion.wgs84(longitude: longitude, latitude: latitude, from: datum) == nil)
    }
  }

  @Test func `any pair in any datum is converted or refused but never traps`() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<20_000 {
      let longitude = random.between(-180, 180)
      let latitude = random.between(-90, 90)
      for datum in Datum.allCases {
        let place = DatumConversion.wgs84(longitude: longitude, latitude: latitude, from: datum)
        #expect(place.map { $0.longitude.isFinite && $0.latitude.isFinite } ?? true)
      }
    }
  }
}
