import CityCore
import Hummingbird
import NIOCore
import Synchronization
import Testing

@testable import Web

struct FileFormTests {
  private static let form =
    "--xx\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\nc5rf\r\n"
    + "--xx\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
    + "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22.txt\"\r\n"
    + "Content-Type: Text/Plain; charset=utf-8\r\n\r\none\r\n--x\r\n--xy not ours\r\n--xx--\r\n"

  private static func take(_ text: String, pieces: Int) throws -> [MultipartParser.Event] {
    var parser = try MultipartParser(boundary: "xx")
    var events: [MultipartParser.Event] = []
    var file = ByteBuffer()
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      for event in try parser.feed(ByteBuffer(bytes: rest.prefix(pieces))) {
        if case .bytes(let part) = event {
          file.writeImmutableBuffer(part)
        } else {
          if case .fileEnd = event { events.append(.bytes(file)) }
          events.append(event)
        }
      }
      rest = rest.dropFirst(pieces)
    }
    try parser.finish()
    return events
  }

  @Test(arguments: [1, 2, 3, 5, 7, 11, 64, 4_096])
  func `a form with a file is the same in whatever pieces it arrives`(pieces: Int) throws {
    #expect(
      try Self.take(Self.form, pieces: pieces) == [
        .field(name: "_csrf", value: "c5rf"), .field(name: "empty", value: ""),
        .file(name: "file", fileName: "a \"b\".txt", mediaType: "text/plain"),
        .bytes(ByteBuffer(string: "one\r\n--x\r\n--xy not ours")), .fileEnd,
      ])
  }

  @Test(arguments: [
    "", "--xx", "--yy\r\n", "--xx\r\nContent-Disposition: form-data\r\n\r\na\r\n--xx--",
    "--xx\r\n\r\na\r\n--xx--", "--xx junk", String(repeating: "a", count: 10_000),
    "--xx\r\n" + String(repeating: "a", count: 10_000),
    "--xx\r\nContent-Disposition: form-data; name=a\r\n\r\n"
      + String(repeating: "a", count: 70_000),
    "--xx\r\nContent-Disposition: form-data; name=a\r\n\r\nended",
    "--xx"
      + String(
        repeating: "\r\nContent-Disposition: form-data; name=a\r\n\r\na\r\n--xx", count: 40),
  ])
  func `a form that cannot be taken apart is malformed`(text: String) {
    #expect(throws: Problem.self) { _ = try Self.take(text, pieces: 512) }
  }

  @Test func `a boundary must be one`() {
    for boundary in [nil, "", "ü", String(repeating: "x", count: 71)] {
      #expect(throws: Problem.self) { _ = try MultipartParser(boundary: boundary) }
    }
  }

  private final class Sink: FileFormSink {
    let taken = Mutex("")
    func write(_ bytes: ByteBuffer) async throws {
      taken.withLock { $0 += String(buffer: bytes) }
    }
    func cancel() async { taken.withLock { $0 = "" } }
  }

  @Test func `a file is taken only with the session's token, and only within its limit`()
    async throws
  {
    let sink = Sink()
    let begun = Mutex(0)
    let route = Route.post("/file", access: .authenticated, body: .fileForm(1_000)) {
      request, context in
      let filled = try await context.fileForm(of: request) { head -> Sink in
        begun.withLock { $0 += 1 }
        #expect(head.fileName == "a \"b\".txt" && head.fields["_csrf"] == "c5rf")
        return sink
      }
      return .html(filled.taken.withLock(\.self))
    }
    let server = TestServer([route], style: .pages)
    server.authenticator.add(.session("good"), try Fixture.session())
    let head = ["Cookie: citybeacon=good", "Content-Type: multipart/form-data; boundary=xx"]
    try await server.run { running in
      let right = try await ask(running.port, "POST /file", head, body: Self.form)
      #expect(right.status == 200)
      #expect(right.body.hasSuffix("not ours"))
      let forged = Self.form.replacing("c5rf", with: "f0rg")
      #expect(try await ask(running.port, "POST /file", head, body: forged).status == 403)
      let bare = "--xx" + (Self.form.split(separator: "--xx", maxSplits: 2).last ?? "")
      #expect(try await ask(running.port, "POST /file", head, body: bare).status == 403)
      let large = Self.form.replacing("not ours", with: String(repeating: "a", count: 80_000))
      #expect(try await ask(running.port, "POST /file", head, body: large).status == 413)
      let none = "--xx\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\nc5rf\r\n--xx--"
      #expect(try await ask(running.port, "POST /file", head, body: none).status == 422)
      let plain = ["Cookie: citybeacon=good", "Content-Type: application/x-www-form-urlencoded"]
      #expect(try await ask(running.port, "POST /file", plain, body: "_csrf=c5rf").status == 415)
    }
    #expect(begun.withLock(\.self) == 1)
  }

  @Test func `a page for a path that leads nowhere keeps its own policy`() async throws {
    var server = TestServer([.get("/", access: .public) { _, _ in .html("") }], style: .pages)
    server.problems = { _, _, _ in
      var page = Response.html("nothing here", status: .notFound)
      page.headers[.contentSecurityPolicy] = "default-src 'self'"
      return page
    }
    try await server.run { running in
      let answer = try await ask(running.port, "GET /nowhere")
      #expect(answer.status == 404)
      #expect(answer.count("content-security-policy") == 1)
      #expect(answer["content-security-policy"] == "default-src 'self'")
    }
  }
}
