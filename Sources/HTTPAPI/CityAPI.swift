import CityCore
import CityJSON
import Hummingbird
import NIOCore
public import Web

/// The routes under `/api/v1` and the document that describes them.
public enum CityAPI {
  /// Everything, the document included.
  public static func group(_ services: APIServices) -> RouteGroup {
    let operations = operations(services)
    let things = ThingRoutes(services: services)
    let memory = RequestMemory(store: services.answers, clock: services.clock) { id, context in
      let record = try await services.things.thing(id, by: try context.principal())
      return things.answer(record, context)
    }
    let bytes = document(operations)
    let document = Route.get("/api/v1/openapi.json", access: .public, rate: .free) { _, _ in
      .json(bytes)
    }
    return RouteGroup(
      "api", style: .api, routes: operations.map { $0.route(memory) } + [document])
  }

  /// The OpenAPI 3.1 document as JSON, for the files of the project.
  public static func document(_ services: APIServices) -> [UInt8] {
    document(operations(services))
  }

  static func operations(_ services: APIServices) -> [Operation] {
    let node = NodeRoutes(services: services)
    let things = ThingRoutes(services: services)
    var all = node.operations
    if let port = services.accounts { all += AccountRoutes(services, port).operations }
    if let port = services.people {
      all += PeopleRoutes(people: port).operations
      all += OrganisationRoutes(people: port).operations
      all += TokenRoutes(people: port).operations
    }
    if let port = services.devices {
      all += DeviceRoutes(devices: port, readings: services.history).operations
    }
    if let port = services.readings { all += ReadingRoutes(readings: port).operations }
    if let port = services.warnings {
      all += WarningRoutes(things: things, warnings: port).operations
    }
    if let port = services.cases { all += CaseRoutes(things: things, cases: port).operations }
    if let port = services.orders { all += OrderRoutes(things: things, orders: port).operations }
    if let port = services.evidence { all += EvidenceRoutes(evidence: port).operations }
    if let port = services.shifts { all += ShiftRoutes(things: things, shifts: port).operations }
    if let port = services.links { all += LinkRoutes(links: port).operations }
    if let port = services.neighbours { all += NeighbourRoutes(neighbours: port).operations }
    if let port = services.packs { all += PackRoutes(packs: port).operations }
    if let port = services.policy { all += PolicyRoutes(policy: port).operations }
    if let port = services.webhooks { all += WebhookRoutes(webhooks: port).operations }
    if let port = services.audit { all += AuditRoutes(audit: port).operations }
    if let port = services.privacy { all += PrivacyRoutes(privacy: port).operations }
    if let port = services.backup { all += BackupRoute(backup: port).operations }
    return all
  }

  static func document(_ operations: [Operation]) -> [UInt8] {
    var json = JSONWriter(capacity: 64 << 10)
    // Written by us, without numbers that are not finite.
    try? json.value(OpenAPIDocument.make(operations, components: Components.all))
    return json.bytes
  }
}
