import Access
import CityCore
import Devices
import Foundation
import Incidents
import Journal
import Linkage
import Testing
import Warnings

@testable import Console

struct WordsTests {
  @Test func `both languages have the same keys, none empty`() throws {
    let chinese = try Sample.renderer.get().table(.chinese).texts
    let english = try Sample.renderer.get().table(.english).texts
    #expect(chinese.keys.sorted() == english.keys.sorted())
    #expect(!chinese.values.contains("") && !english.values.contains(""))
    for (key, text) in chinese {
      #expect(text.contains("{n}") == english[key]?.contains("{n}"), "\(key)")
    }
  }

  @Test func `every key that a template uses is translated`() throws {
    let known = try Sample.renderer.get().table(.english).texts
    let use = try Regex(#"\bt\.([A-Za-z]+)"#)
    for template in try Sample.resources("templates", ".mustache") {
      for match in template.text.matches(of: use) {
        let key = String(match.output[1].substring ?? "")
        #expect(known[key] != nil, "\(template.name) uses \(key)")
      }
    }
  }

  @Test func `every key that the code uses is translated`() throws {
    let known = try Sample.renderer.get().table(.english).texts
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/Console")
    let use = try Regex(#"words\["([A-Za-z.]+)"\]"#)
    var count = 0
    for folder in ["Text", "Rendering", "Pages", "Routes"] {
      let path = sources.appending(path: folder).path
      for name in try FileManager.default.contentsOfDirectory(atPath: path) {
        let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
        for match in text.matches(of: use) {
          count += 1
          let key = String(match.output[1].substring ?? "")
          #expect(known[key] != nil, "\(name) uses \(key)")
        }
      }
    }
    #expect(count > 100)
  }

  @Test func `everything that data can say is translated`() throws {
    let known = try Sample.renderer.get().table(.english).texts
    var keys = Shell.allKinds.map { "kind.\($0)" }
    keys += Grade.allCases.map { "grade.\($0.rawValue)" }
    keys += Level.allCases.map { "level.\($0.rawValue)" }
    keys += CaseSource.allCases.map { "source.\($0.rawValue)" }
    keys += Relation.allCases.map { "relation.\($0.rawValue)" }
    keys += DeviceStatus.allCases.map { "status.\($0.rawValue)" }
    keys += WarningState.Stage.allCases.map { "warning.\($0.rawValue)" }
    keys += Organisation.Kind.allCases.map { "organisation.\($0.rawValue)" }
    keys += LegalClock.allCases.map { "clock.\($0.rawValue)" }
    keys += ["connected", "greeting", "broken", "revoked", "lost"].map { "link.\($0)" }
    let asked = CaseField.allCases.filter {
      ![.evidence, .warning, .linked, .report].contains($0)
    }
    keys += asked.map { "field.\($0.rawValue)" }
    keys += Shell.pages.map(\.key)
    for key in keys { #expect(known[key] != nil, "\(key)") }
  }

  @Test func `times are the jurisdiction's, with the zone`() throws {
    let words = try Sample.words()
    let moment = words.moment(Sample.now - .minutes(61))
    #expect(moment.clock == "11:59:00")
    #expect(moment.full == "2026-11-21 11:59:00 UTC+08:00")
    #expect(moment.ageText == "1 小时前")
    #expect(words.moment(Sample.now - .days(2)).clock == "11-19 13:00")
    #expect(words.time(local: "2026-11-21T13:00") == Sample.now)
    #expect(words.time(local: "2026-13-21T13:00") == nil)
    #expect(words.deadline(Sample.now - .minutes(5))?.isLate == true)
  }

  @Test func `a zone west of Greenwich shows its sign and minutes`() throws {
    let words = try Sample.words(.english)
    let west = Words(
      language: .english, table: words.table, zoneOffset: -12_600, now: words.now,
      names: words.names)
    #expect(west.zoneName == "UTC-03:30")
    #expect(west.moment(Sample.now).full.hasPrefix("2026-11-21 01:30:00"))
  }
}
