import CityJSON
import HTTPAPI
import HTTPTypes
import Testing
import Web

struct DocumentTests {
  private func document() throws -> JSONValue {
    try JSON.parse(CityAPI.document(try TestAPI().services))
  }

  @Test func `the document describes exactly the routes that there are`() throws {
    let paths = try #require(try document()["paths"]?.objectValue)
    var described: Set<String> = []
    for (path, item) in paths {
      for (method, _) in item.objectValue ?? [:] {
        described.insert(method.uppercased() + " " + path)
      }
    }
    let routed = Set(
      CityAPI.group(try TestAPI().services).routes.map { "\($0.method) \($0.path)" })
    #expect(routed.subtracting(described) == ["GET /api/v1/openapi.json"])
    #expect(described.subtracting(routed).isEmpty)
  }

  @Test func `operation ids are unique and every reference leads somewhere`() throws {
    let document = try document()
    var ids: Set<String> = []
    for (_, item) in document["paths"]?.objectValue ?? [:] {
      for (_, operation) in item.objectValue ?? [:] {
        let id = try #require(operation["operationId"]?.stringValue)
        #expect(ids.insert(id).inserted, "\(id)")
        #expect(operation["responses"]?["default"] != nil, "\(id)")
      }
    }
    func references(_ value: JSONValue) -> [String] {
      if let reference = value["$ref"]?.stringValue { return [reference] }
      let inner = value.objectValue.map { $0.map(\.value) } ?? value.arrayValue ?? []
      return inner.flatMap(references)
    }
    for reference in Set(references(document)) {
      #expect(document[pointer: String(reference.dropFirst())] != nil, "\(reference)")
    }
  }

  @Test func `only logging in and the document are open to everybody`() throws {
    let open = CityAPI.group(try TestAPI().services).routes.filter { $0.access == .public }
    #expect(
      open.map { "\($0.method) \($0.path)" }.sorted() == [
        "GET /api/v1/openapi.json", "POST /api/v1/session",
      ])
  }

  @Test func `every POST takes an idempotency key`() throws {
    for route in CityAPI.group(try TestAPI().services).routes where route.method == .post {
      #expect(route.idempotency != .none, "\(route.path)")
    }
  }

  @Test func `parts that are not there have no routes`() throws {
    var services = try TestAPI().services
    services.people = nil
    services.evidence = nil
    let paths = CityAPI.group(services).routes.map(\.path.description)
    #expect(!paths.contains { $0.contains("users") || $0.hasSuffix("/evidence") })
  }
}
