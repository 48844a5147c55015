import Access
import CityCore
import Incidents
import Operations
import Web

/// Photos and files, sent by a plain form. Where scripts run, they send them to the API instead and
/// show how far it got.
struct EvidencePages {
  let desk: Desk

  var routes: [Route] {
    guard let evidence = desk.services.evidence else { return [] }
    return [
      route("/incidents/{id}/evidence", IncidentEvent.thingKind, evidence),
      route("/tasks/{id}/evidence", TaskEvent.thingKind, evidence),
    ]
  }

  private func route(_ path: PathPattern, _ kind: String, _ evidence: EvidenceSource) -> Route {
    .post(path, access: .permission(.writeEvidence), body: .fileForm(Limits.evidence)) {
      request, context in
      let id: ThingID = try context.identifier("id")
      guard id.kind == kind else { throw Problem(.notFound, "no such thing") }
      let principal = try context.principal()
      let written = try await context.fileForm(of: request) { head in
        let phase = head.fields["phase"].flatMap(Evidence.Phase.init(rawValue:)) ?? .after
        return try await evidence.begin(id, head.fileName, head.mediaType, phase, principal)
      }
      try await written.finish()
      return .redirect(to: ThingTable.Row.href(id) + "#evidence")
    }
  }
}
