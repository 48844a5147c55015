import CityCore
import DocumentKit
import Foundation
import Incidents
import Testing

/// The whole machine at a glance: every stage against every command.
struct IncidentTableTests {
  /// Who most naturally does it, so that a refusal is one of the stage.
  private func party(_ verb: CaseVerb) -> ActingParty {
    switch verb {
    case .file, .confirm, .markFalse, .pass, .fail, .close, .evaluate, .reopen, .link:
      Sample.supervisor
    case .dispatch, .recall, .suspend, .resume, .approveExtension, .refuseExtension, .regrade,
      .merge,
      .detach, .note, .approveAppeal, .refuseAppeal:
      Sample.dispatcher
    case .rule: Sample.leader
    case .accept, .giveBack, .progress, .report, .requestExtension, .addEvidence, .appeal:
      Sample.worker
    case .changeWarning: Sample.rule
    }
  }

  private func table() throws -> String {
    var lines: [String] = []
    for stage in Stage.allCases {
      lines.append("[\(stage.rawValue)]")
      for verb in CaseVerb.allCases {
        var run = try CaseRun(at: stage)
        let cell: String
        do throws(Problem) {
          let events = try Incident.decide(
            run.state, verb.command(now: run.now, variant: 3), by: party(verb),
            context: run.context)
          run.events = []
          _ = try? run.run(verb.command(now: run.now, variant: 3), by: party(verb))
          cell =
            events.map(\.kind).joined(separator: " ") + " -> \(run.stage?.rawValue ?? "none")"
        } catch {
          cell = error.code.name
        }
        lines.append("  \(verb.rawValue): \(cell)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func `every stage answers every command as the golden table says`() throws {
    let made = try table()
    let path = "Tests/IncidentsTests/Fixtures/case-table.txt"
    let url = GeneratedBlock.root.appending(path: path)
    if GeneratedBlock.isWriting { try made.write(to: url, atomically: true, encoding: .utf8) }
    let golden = try String(contentsOf: url, encoding: .utf8)
    for (line, pair) in zip(
      made.split(separator: "\n"), golden.split(separator: "\n")
    ).enumerated() {
      #expect(pair.0 == pair.1, "line \(line + 1)")
    }
    #expect(made.utf8.count == golden.utf8.count)
  }
}

/// The generated parts of docs/incident-states.md.
@Suite(.serialized) struct IncidentDocumentTests {
  @Test func `the diagram of a case is what the rules say`() throws {
    #expect(
      try GeneratedBlock.isFresh(
        "case diagram", in: "docs/incident-states.md", content: IncidentDiagram.mermaid))
  }

  @Test func `the table of a case is what the rules say`() throws {
    #expect(
      try GeneratedBlock.isFresh(
        "case table", in: "docs/incident-states.md", content: IncidentDiagram.table))
  }
}
