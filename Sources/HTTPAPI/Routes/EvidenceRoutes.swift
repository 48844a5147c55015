import Access
import CityCore
import CityJSON
import Hummingbird
import Incidents
import NIOCore
import Operations
import Web

/// Photos and files of cases and tasks. They are found through their thing, never by hash alone.
struct EvidenceRoutes {
  let evidence: any EvidencePort

  var operations: [Operation] {
    ["incidents": "inc", "tasks": "tsk"].sorted { $0.key < $1.key }.flatMap { path, kind in
      [upload(path, kind), list(path, kind), download(path, kind)]
    }
  }

  private static let record = Schema.object([
    "sha256": .sha256, "thing": .string(), "name": .string(), "mediaType": .string(),
    "size": .integer(),
    "added": .time, "by": .name, "present": .integer(),
  ])

  private func upload(_ path: String, _ kind: String) -> Operation {
    Operation(
      id: "upload-\(path)", method: .put, path: "/\(path)/{id}/evidence", tag: "evidence",
      summary: "Adds a file of at most 20 MB; the body is the file.",
      access: .permission(.writeEvidence),
      parameters: [
        .init("name", .string(length: 1...255), "Its name, for people.", required: true),
        .init("phase", .oneOf(["before", "after"]), "Before or after handling; after."),
      ], rule: BodyRule(maximum: Limits.evidence, types: ["*/*"]),
      answer: .created("What was stored.", Self.record)
    ) { [evidence] request, context in
      let phase: Evidence.Phase = try context.query.value("phase") ?? .after
      let upload = try await evidence.upload(
        to: try context.thing(kind), name: context.query["name"] ?? "",
        mediaType: context.contentType ?? "application/octet-stream", phase: phase,
        size: context.contentLength, by: try context.principal())
      do {
        try await context.forEachPart(of: request) { part in
          try await upload.write(Array(part.readableBytesView))
        }
        let record = try await upload.finish()
        return .json(try Self.show(record), status: .created)
      } catch {
        await upload.cancel()
        throw error
      }
    }
  }

  private func list(_ path: String, _ kind: String) -> Operation {
    .get(
      "evidence-\(path)", "/\(path)/{id}/evidence", "evidence", "The files of a thing.",
      access: .permission(.readEvidence),
      answer: .ok("All of them.", .object(["items": .array(Self.record)]))
    ) { [evidence] _, context in
      let records = try await evidence.list(
        of: try context.thing(kind), by: try context.principal())
      return .page(try records.map(Self.show), next: nil)
    }
  }

  private func download(_ path: String, _ kind: String) -> Operation {
    var answer = Operation.Answer.ok("The file, as an attachment.", .string())
    answer.mediaType = "application/octet-stream"
    return .get(
      "download-\(path)", "/\(path)/{id}/evidence/{sha256}", "evidence", "One file.",
      access: .permission(.readEvidence), answer: answer
    ) { [evidence] _, context in
      guard let hash = Digest32(hex: context.parameter("sha256")) else {
        throw Problem(.notFound, "no such file")
      }
      let file = try await evidence.open(
        hash, of: try context.thing(kind), by: try context.principal())
      guard file.record.present == file.record.size else {
        throw Problem(.unavailable, "the file has not arrived here as a whole", retryAfter: 30)
      }
      let fields = Response.attachmentFields(
        name: file.record.name, mediaType: file.record.mediaType,
        length: Int(file.record.size))
      return Response(
        status: .ok, headers: fields,
        body: ResponseBody(contentLength: Int(file.record.size)) { writer in
          var offset: Int64 = 0
          while offset < file.record.size {
            let bytes = try await file.read(offset, 64 << 10)
            guard !bytes.isEmpty else {
              throw Problem(.corrupted, "the file is shorter than it was")
            }
            try await writer.write(ByteBuffer(bytes: bytes))
            offset += Int64(bytes.count)
          }
          try await writer.finish(nil)
        })
    }
  }

  private static func show(_ record: EvidenceRecord) throws -> [UInt8] {
    try JSON.encode(record)
  }
}
