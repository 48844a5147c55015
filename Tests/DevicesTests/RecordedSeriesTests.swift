import CityCore
import Testing

@testable import Devices

struct RecordedSeriesTests {
  private func read(_ text: String) throws -> [RecordedSeries.Row] {
    try RecordedSeries(csv: Array(text.utf8)).rows
  }

  @Test func `rows come by time, in both ways to write it`() throws {
    let rows = try read(
      "timestamp,value\r\n2015-07-10 14:24:00,564\r\n\r\n2015-07-10T14:20:00+08:00, -1.5e2\n")
    #expect(rows.map(\.value) == [-150, 564])
    #expect(rows.map(\.time.description) == ["2015-07-10T06:20:00Z", "2015-07-10T14:24:00Z"])
  }

  @Test func `a byte order mark and an empty file do no harm`() throws {
    #expect(try read("\u{FEFF}timestamp,value\n2015-07-10 14:24:00,1").count == 1)
    #expect(try read("").isEmpty)
  }

  @Test(arguments: [
    "x,1", "2015-07-10 14:24:00", "2015-07-10 14:24:00,", "2015-07-10 14:24:00,1,2",
    "2015-07-10 14:24:00,nan", "2015-07-10 14:24:00,inf", "2015-02-30 14:24:00,1", "\u{0},1",
  ])
  func `a line that is not timestamp and value is told by its number`(line: String) throws {
    let problem = try #require(throws: Problem.self) {
      _ = try read("2015-07-10 14:24:00,1\n\(line)\n")
    }
    #expect(problem.faults.map(\.at) == ["line 2"])
  }
}
