import Access
import CityCore
import CityJSON
import Console
import HTTPAPI
import Incidents
import Journal
import Operations

extension NodePorts: EvidencePort {
  func upload(
    to thing: ThingID, name: String, mediaType: String, phase: Evidence.Phase, size: Int?,
    by principal: Principal
  ) async throws -> any EvidenceUpload {
    if let size, size > Limits.evidence {
      throw Problem(.tooLarge, "a file may have \(Limits.evidence) bytes")
    }
    // Refused before the bytes come, not after.
    let record = try await city.visible(thing, principal)
    try city.authorise(principal, .writeEvidence, CityNode.resource(record))
    guard record.owner == node else {
      throw Problem(.notOwner, "files are added at \(record.owner), which owns \(thing)")
    }
    return Upload(
      ports: self, writer: try files.writer(name: city.engine.newKey()), thing: thing, name: name,
      mediaType: mediaType, phase: phase, principal: principal)
  }

  private struct Upload: EvidenceUpload {
    let ports: NodePorts
    let writer: EvidenceFiles.Writer
    let thing: ThingID
    let name: String
    let mediaType: String
    let phase: Evidence.Phase
    let principal: Principal

    func write(_ bytes: [UInt8]) async throws { try writer.write(bytes) }
    func cancel() async { writer.cancel() }
    func finish() async throws -> EvidenceRecord {
      guard writer.size > 0 else {
        writer.cancel()
        throw Problem(.invalid, "the file is empty")
      }
      let (hash, size) = try writer.finish()
      let record = EvidenceRecord(
        sha256: hash, thing: thing, name: name, mediaType: mediaType, size: size,
        added: ports.city.clock.now(), by: principal.id, present: size)
      _ = try await ports.city.addEvidence(record, phase: phase, by: principal)
      #if DEBUG
        CrashPoint.evidenceRecorded.pass()
      #endif
      return record
    }
  }

  func list(of thing: ThingID, by principal: Principal) async throws -> [EvidenceRecord] {
    let pieces = try await city.evidenceList(of: thing, for: principal)
    var records: [EvidenceRecord] = []
    for piece in pieces {
      let known = try await city.engine.perform { _, _, store, _ in
        try store.evidence(piece.sha256).first { $0.thing == thing }
      }
      records.append(
        known
          ?? EvidenceRecord(
            sha256: piece.sha256, thing: thing, name: piece.name, mediaType: piece.mediaType,
            size: Int64(piece.size), added: UTCTime(rawValue: 0), by: principal.id, present: 0))
    }
    return records
  }

  func open(
    _ sha256: Digest32, of thing: ThingID, by principal: Principal
  ) async throws -> EvidenceFile {
    let record = try await city.evidence(sha256, of: thing, for: principal)
    let files = files
    return EvidenceFile(record: record) { offset, count in
      try files.read(sha256, offset: offset, count: count)
    }
  }
}

extension NodePorts {
  /// The same files for the console's plain forms.
  var evidenceSource: EvidenceSource {
    EvidenceSource(
      begin: { thing, name, mediaType, phase, principal in
        let upload = try await upload(
          to: thing, name: name, mediaType: mediaType, phase: phase, size: nil, by: principal)
        return EvidenceWriting(
          write: { try await upload.write($0) }, finish: { _ = try await upload.finish() },
          cancel: { await upload.cancel() })
      }, list: { thing, principal in try await list(of: thing, by: principal) })
  }
}
