import CityCore
import FoundationEssentials
import Hummingbird
import NIOCore
import Testing

@testable import Web

struct AssetTests {
  private let assets = AssetDirectory(contents: [
    "app.js": ByteBuffer(string: "plain"), "app.js.gz": ByteBuffer(string: "packed"),
    "app.3f2a9c81.css": ByteBuffer(string: "css"), "img/街.svg": ByteBuffer(string: "<svg/>"),
  ])

  @Test func `files are served with tags, and compressed where that is wanted`() async throws {
    try await TestServer([assets.route(under: "/assets")], style: .assets).run {
      server async throws in
      let plain = try await ask(server.port, "GET /assets/app.js")
      #expect(plain.body == "plain" && plain["content-type"] == "text/javascript; charset=utf-8")
      #expect(plain["cache-control"] == "no-cache" && plain["vary"] == "Accept-Encoding")
      let packed = try await ask(server.port, "GET /assets/app.js", ["Accept-Encoding: br, gzip"])
      #expect(packed.body == "packed" && packed["content-encoding"] == "gzip")
      let refused = try await ask(
        server.port, "GET /assets/app.js", ["Accept-Encoding: gzip;q=0"])
      #expect(refused.body == "plain")
      let tag = try #require(plain["etag"])
      #expect(packed["etag"] != tag)
      let same = try await ask(
        server.port, "GET /assets/app.js", ["If-None-Match: \"x\", W/\(tag)"])
      #expect(same.status == 304 && same.body.isEmpty)
      let hashed = try await ask(server.port, "GET /assets/app.3f2a9c81.css")
      #expect(hashed["cache-control"] == "public, max-age=31536000, immutable")
      #expect(try await ask(server.port, "GET /assets/img/%E8%A1%97.svg").body == "<svg/>")
    }
  }

  @Test(arguments: [
    "../secret", "..%2Fsecret", "%2e%2e/secret", "img/../app.js", "./app.js", "/app.js",
    "app.js%00", "..%5csecret", "img", "", "app.js/", "app.js.gz",
  ])
  func `no path leads out of the folder`(path: String) async throws {
    try await TestServer([assets.route(under: "/assets")], style: .assets).run {
      server async throws in
      let response = try await ask(server.port, "GET /assets/\(path)")
      #expect(response.status == 404 || response.status == 400)
    }
  }

  @Test func `a folder is read, without hidden files and links`() throws {
    let root =
      FileManager.default.temporaryDirectory.path + "/assets-\(UInt64.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(
      atPath: root + "/js", withIntermediateDirectories: true)
    for name in ["a.txt", ".hidden", "js/b.js"] {
      try Data("x".utf8).write(to: URL(fileURLWithPath: root + "/" + name))
    }
    try FileManager.default.createSymbolicLink(
      atPath: root + "/link", withDestinationPath: "/etc/passwd")
    #expect(try AssetDirectory(path: root).names == ["a.txt", "js/b.js"])
    #expect(throws: Problem.self) { try AssetDirectory(path: root + "/none") }
  }
}
