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
    let memory = RequestMemory(store: services.answers, clock: services.clock)
    let bytes = document(operations)
    let document = Route.get("/api/v1/openapi.json", access: .public) { _, _ in .json(bytes) }
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
    return [
      node.operations, services.accounts.map { AccountRoutes(services, $0).operations },
      services.accounts.map { PeopleRoutes(accounts: $0).operations },
      services.devices.map { DeviceRoutes(devices: $0).operations },
      services.readings.map { ReadingRoutes(readings: $0).operations },
      services.warnings.map { WarningRoutes(things: things, warnings: $0).operations },
      services.cases.map { CaseRoutes(things: things, cases: $0).operations },
      services.orders.map { OrderRoutes(things: things, orders: $0).operations },
      services.evidence.map { EvidenceRoutes(evidence: $0).operations },
      services.shifts.map { ShiftRoutes(things: things, shifts: $0).operations },
      services.links.map { LinkRoutes(links: $0).operations },
      services.packs.map { PackRoutes(packs: $0).operations },
      services.policy.map { PolicyRoutes(policy: $0).operations },
      services.webhooks.map { WebhookRoutes(webhooks: $0).operations },
      services.audit.map { AuditRoutes(audit: $0).operations },
    ].compactMap(\.self).flatMap(\.self)
  }

  static func document(_ operations: [Operation]) -> [UInt8] {
    var json = JSONWriter(capacity: 64 << 10)
    // Written by us, without numbers that are not finite.
    try? json.value(OpenAPIDocument.make(operations, components: Components.all))
    return json.bytes
  }
}
