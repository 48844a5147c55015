import Access
import CityCore
import Foundation
import Testing

@testable import Console

struct TemplateTests {
  @Test(arguments: Language.allCases)
  func `every page renders, and misses no word`(language: Language) throws {
    let pages = try EveryPage.all(try Sample.words(language))
    for page in pages {
      let html = try Sample.render(page, language)
      #expect(html.contains("</html>"), "\(page.template)")
      #expect(!html.contains("⟦"), "\(page.template)")
      #expect(!html.contains("{{"), "\(page.template)")
      #expect(!html.contains("Optional("), "\(page.template)")
      #expect(html.contains("lang=\"\(language.rawValue)\""))
    }
  }

  @Test func `every template of a page has a page that the tests render`() throws {
    let rendered = Set(try EveryPage.all(try Sample.words()).map(\.template))
    let pages = try Sample.resources("templates", ".mustache").filter {
      $0.text.hasPrefix("{{<layout}}")
    }
    #expect(Set(pages.map { String($0.name.dropLast(9)) }) == rendered)
  }

  @Test(arguments: [Sample.script, Sample.long, "{{t.product}}", "</textarea><b>"])
  func `what people typed is text wherever it shows`(title: String) throws {
    for page in try EveryPage.all(try Sample.words(), title: title) {
      let html = try Sample.render(page, .chinese)
      #expect(!html.contains("<script>alert"), "\(page.template)")
      #expect(!html.contains("</textarea><b>"), "\(page.template)")
      #expect(html.components(separatedBy: "<script").count == 3, "\(page.template)")
    }
  }

  @Test func `no page has a handler, a style or a script of its own`() throws {
    let handler = try Regex(#"<[^>]*\s(on[a-z]+|style)\s*="#)
    for page in try EveryPage.all(try Sample.words()) {
      let html = try Sample.render(page, .english)
      #expect(html.firstMatch(of: handler) == nil, "\(page.template)")
      #expect(!html.contains("javascript:"))
      #expect(!html.contains("<style"))
      #expect(!html.contains("http://") && !html.contains("https://"), "nothing from elsewhere")
    }
  }

  @Test func `every form that changes something repeats the session's token`() throws {
    for page in try EveryPage.all(try Sample.words()) where page.template != "login" {
      let html = try Sample.render(page, .english)
      for form in html.components(separatedBy: "<form").dropFirst()
      where form.contains("method=\"post\"") {
        let body = form.components(separatedBy: "</form>").first ?? ""
        #expect(
          body.contains("name=\"_csrf\" value=\"c5rf\""), "\(page.template): \(body.prefix(80))")
      }
    }
  }

  @Test func `the policy allows the import map and nothing else inline`() throws {
    let map = try Sample.renderer.get().importMap
    let digest = Data(SHA256Test.hash(Array(map.utf8))).base64EncodedString()
    #expect(Renderer.importMapHash == "sha256-\(digest)")
    #expect(!Desk.policy.contains("unsafe"))
    let html = try Sample.render(LoginPage(next: "/"), .english)
    #expect(html.contains("<script type=\"importmap\">\(map)</script>"))
  }

  @Test func `every behaviour is a module under a hundred lines`() throws {
    let modules = try Sample.resources("assets/js", ".js")
    for module in modules {
      let lines = module.text.split(separator: "\n", omittingEmptySubsequences: false).count
      #expect(lines <= 100, "\(module.name)")
      #expect(!module.text.contains("innerHTML = "), "\(module.name)")
    }
    let names = Set(modules.map { String($0.name.dropLast(3)) })
    let named = try Regex(#"data-behaviour="([a-z ]+)""#)
    for page in try EveryPage.all(try Sample.words()) {
      for match in try Sample.render(page, .english).matches(of: named) {
        for name in (match.output[1].substring ?? "").split(separator: " ") {
          #expect(names.contains(String(name)), "\(page.template): \(name)")
        }
      }
    }
  }
}
