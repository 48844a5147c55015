import Access
import CityCore
import Devices
import Foundation
import Incidents
import Journal
import Synchronization
import Testing

@testable import Console

struct ViewTests {
  @Test func `a replica says where it comes from, its age, and that it is stale`() throws {
    let words = try Sample.words()
    let row = ThingTable.Row(
      try Sample.incident(owner: "city"), at: try Sample.node("street"), isStale: true,
      words: words)
    #expect(row.origin?.originName == "钱江市")
    #expect(row.origin?.arrived?.ageText == "7 分钟前")
    #expect(row.origin?.isStale == true)
    let own = ThingTable.Row(
      try Sample.incident(), at: try Sample.node("street"), isStale: false, words: words)
    #expect(own.origin == nil)
  }

  @Test func `a replica's name is not lent from the page around it`() throws {
    struct Outer: PageView {
      let template = "links"
      let hasLinks = true
      let software = "outer"
      let links: [LinksPage.Link]
      func title(_ words: Words) -> String { "" }
    }
    let words = try Sample.words()
    let page = try #require(
      try EveryPage.all(words).compactMap { $0 as? LinksPage }.first)
    let html = try Sample.render(Outer(links: page.links), .english)
    #expect(!html.contains("outer"))
  }

  @Test func `a delay shows its uncertainty, or that it is unknown`() throws {
    let words = try Sample.words(.english)
    let hops = try EveryPage.timeline("").flatMap(\.hops)
    #expect(hops.map { TimelineLine.delay($0, words) } == ["1.24 s ± 12 ms", "unknown"])
  }

  @Test func `the confirmation names every recipient and their number`() throws {
    let words = try Sample.words(.english)
    let targets = (1...3).map { TargetView(code: "n\($0)", name: "Street \($0)", kind: "child") }
    let page = OrderReviewPage(
      title: "Close it", text: "", grade: .red, targets: targets, carried: [], words: words)
    let html = try Sample.render(page, .english)
    for target in targets { #expect(html.contains("<strong>\(target.name)</strong>")) }
    #expect(html.contains("Issue to 3 recipients"))
  }

  @Test func `a sensor's case is confirmed with one key, a person's report needs the visit`() throws
  {
    let words = try Sample.words()
    let page = try EveryPage.incident(words, "x")
    let confirm = try #require(page.actions.first { $0.target.hasSuffix("/confirm") })
    #expect(confirm.isBare)
    #expect(confirm.shortcut == "c")
    let wrong = try #require(page.actions.first { $0.target.hasSuffix("/mark-false") })
    #expect(wrong.fields.map(\.name) == ["reason"])
    #expect(wrong.fields.map(\.isRequired) == [true])
  }

  @Test func `a sparkline stays in its frame, whatever the values`() throws {
    for values in [
      [1.0, 2.0], [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude], [5, 5],
    ] {
      let buckets = values.enumerated().map { index, value in
        let start = Sample.now + .minutes(Int64(index))
        return ReadingBucket(start: start, sample: .init(time: start, value: value))
      }
      let line = try #require(Sparkline(buckets) { _, _ in "" })
      let numbers = line.linePath.dropFirst().split { $0 == " " || $0 == "L" }.compactMap {
        Double($0)
      }
      #expect(numbers.count == 4)
      #expect(numbers.allSatisfy { (0...240).contains($0) })
      #expect(numbers[1] <= 48 && numbers[3] <= 48)
    }
    #expect(Sparkline([]) { _, _ in "" } == nil)
  }

  @Test func `numbers are short and never wrong`() {
    #expect(NumberText.of(0.452) == "0.452")
    #expect(NumberText.of(12) == "12")
    #expect(NumberText.of(1_234.56) == "1235")
    #expect(NumberText.of(-0.5) == "-0.5")
    #expect(NumberText.of(.infinity) == "inf")
  }

  @Test func `a form that is sent twice does its work once`() async throws {
    let submissions = Submissions()
    let count = Mutex(0)
    let work: @Sendable () async throws -> String = {
      count.withLock { $0 += 1 }
      return "/orders/ord_1"
    }
    async let first = submissions.once("key", now: Sample.now, work)
    async let second = submissions.once("key", now: Sample.now, work)
    let targets = [try await first, try await second]
    #expect(targets == ["/orders/ord_1", "/orders/ord_1"])
    #expect(count.withLock { $0 } == 1)
    _ = try await submissions.once("other", now: Sample.now, work)
    #expect(count.withLock { $0 } == 2)
  }

  @Test func `a form that failed may be sent again`() async throws {
    let submissions = Submissions()
    await #expect(throws: Problem.self) {
      _ = try await submissions.once("key", now: Sample.now) { throw Problem(.refused, "not now") }
    }
    let target = try await submissions.once("key", now: Sample.now) { "/" }
    #expect(target == "/")
  }

  @Test func `the next page learns which draft is done with`() {
    #expect(
      Desk.marked("/incidents/inc_1", key: "00ff.note.inc_1") == "/incidents/inc_1?done=note.inc_1")
    #expect(Desk.marked("/warnings?a=b#wrn_1", key: "0.f") == "/warnings?a=b&done=f#wrn_1")
    #expect(Desk.marked("/", key: "0.a&b") == "/")
    #expect(Desk.marked("/", key: nil) == "/")
  }

  @Test func `a path survives the login and brings nothing with it`() {
    #expect(Desk.encoded("/incidents?a=b&c=\"") == "/incidents%3Fa%3Db%26c%3D%22")
  }

  // Not a check: nothing can fail here but the drawing.
  /// Draws every page into a folder, for looking at them: `CONSOLE_PAGES=/tmp/pages`.
  @Test func `pages can be looked at`() throws {
    guard let folder = ProcessInfo.processInfo.environment["CONSOLE_PAGES"] else { return }
    for (language, suffix) in [
      (try Sample.words(.chinese), "zh"), (try Sample.words(.english), "en"),
    ] {
      for page in try EveryPage.all(language) {
        let html = try Sample.render(page, language.language)
        try html.write(
          toFile: "\(folder)/\(page.template)-\(suffix).html", atomically: true, encoding: .utf8)
      }
    }
  }
}
