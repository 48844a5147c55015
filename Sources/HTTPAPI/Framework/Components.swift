import Access
import CityCore
import Incidents

/// The schemas that the document names.
enum Components {
  static let all: [(String, Schema)] = [
    (
      "Problem",
      .object([
        "type": .string(), "title": .string(), "status": .integer(400...599),
        "detail": .string(), "instance?": .string().described("The id of the request."),
        "code": .string(), "remedy": .string().described("What can be done."),
        "faults?": .array(.object(["at": .string(), "reason": .string()])),
      ])
    ),
    (
      "Thing",
      .object([
        "id": .thing("[a-z]+"), "kind": .string(), "title": .string(), "stage": .string(),
        "isOpen": .boolean, "owner": .name, "offeredTo?": .name, "term": .integer(1...1_000_000),
        "version": .version, "updated": .time, "jurisdiction": .adminCode, "grade?": .grade,
        "classCode?": .string(), "parties": .array(.name), "place?": .coordinate,
        "parent?": .string(), "assignee?": .name, "rule?": .string(), "subject?": .string(),
        "source?": .string(), "externalId?": .string(), "opened": .time, "due?": .time,
        "closed?": .time,
        "origin?": .object([
          "node": .name, "arrived?": .time, "age?": .integer(), "isStale": .boolean,
        ])
        .described("Present on a replica of what another node owns; age in seconds."),
        "state?": .object.described("The whole state, of its kind's own shape."),
        "verbs?": .array(.string()),
        "actions?": .array(.named("Action")).described("What the asker may do with it now."),
      ])
    ),
    (
      "Action",
      .object([
        "verb": .string(), "label": .label, "required": .array(.string()),
        "optional": .array(.string()),
      ])
    ),
    ("ThingPage", .object(["items": .array(.named("Thing")), "next?": .string()])),
    (
      "TimelineEntry",
      .object([
        "event": .string(), "kind": .string(), "thing": .string(), "version": .integer(),
        "term": .integer(), "actor": .object, "node": .name, "time": .time, "cause?": .string(),
        "text?": .string(), "target?": .string(), "arrived?": .time, "hops": .array(.object),
      ])
    ),
    (
      "Grant",
      .object([
        "role": .oneOf(Role.self), "organisation": .name, "jurisdiction": .adminCode,
        "maximumDataClass?": .oneOf(DataClass.self), "notBefore?": .time, "expires?": .time,
      ])
    ),
    (
      "Evidence",
      .object([
        "sha256": .sha256, "size": .integer(1...Limits.evidence), "mediaType": .string(),
        "name": .string(), "phase": .oneOf(["before", "after"]),
      ])
    ),
    (
      "CaseInput",
      .object([
        "version?": .version, "reason?": .reason, "text?": .string(length: 0...16_000),
        "onSite?": .boolean, "organisation?": .name,
        "limit?": .object(["clock": .string(), "amount": .integer(0...527_040)]),
        "percent?": .integer(0...100), "evidence?": .array(.named("Evidence")),
        "back?": .oneOf(Stage.self), "score?": .integer(0...100), "until?": .time,
        "grade?": .grade, "classCode?": .string(), "into?": .thing("inc"),
        "linked?": .object(["thing": .string(), "relation": .string()]),
      ])
    ),
  ]
}
