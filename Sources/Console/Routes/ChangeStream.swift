import Access
import CityCore
import Hummingbird
import Operations
import Web

/// `/events`: tells open pages what changed. It says of which thing and what happened, nothing of
/// its content; the page asks for that again, with the person's rights of that moment.
struct ChangeStream {
  let desk: Desk

  var routes: [Route] {
    [
      .get("/events", access: .authenticated) { [desk] _, context in
        let principal = try context.principal()
        let scopes = desk.node.streamScopes(principal)
        return try desk.services.events.response(
          to: context, until: principal.nextChange(after: context.received)
        ) { event in
          guard let thing = event.thing, let scope = scopes[thing.kind] else { return false }
          return event.isAdmitted(by: scope)
        }
      }
    ]
  }
}
