import CityCore
import Geo
import Incidents
import Web

/// Reads what people typed. Empty fields count as not given.
struct FormReader {
  /// The external source of what forms make.
  static let source = "console"

  let form: FormBody
  let words: Words

  init(_ form: FormBody, _ words: Words) {
    self.form = form
    self.words = words
  }

  static func fault(_ name: String, _ reason: String = "is not acceptable") -> Problem {
    Problem(
      .invalid, "the form is not complete", faults: [.init(at: "/\(name)", reason: reason)])
  }

  func text(_ name: String) -> String? { form[name].flatMap { $0.isEmpty ? nil : $0 } }

  /// - Throws: `invalid`, likewise below.
  func integer(_ name: String) throws(Problem) -> Int? {
    guard let text = text(name) else { return nil }
    guard let value = Int(text) else { throw Self.fault(name, "is no whole number") }
    return value
  }

  func number(_ name: String) throws(Problem) -> Double? {
    guard let text = text(name) else { return nil }
    guard let value = Double(text), value.isFinite else {
      throw Self.fault(name, "is no number")
    }
    return value
  }

  func time(_ name: String) throws(Problem) -> UTCTime? {
    guard let text = text(name) else { return nil }
    guard let time = words.time(local: text) else { throw Self.fault(name, "is no time") }
    return time
  }

  func value<Value: RawRepresentable>(
    _ name: String, as type: Value.Type = Value.self
  ) throws(Problem) -> Value? where Value.RawValue == String {
    guard let text = text(name) else { return nil }
    guard let value = Value(rawValue: text) else { throw Self.fault(name) }
    return value
  }

  /// A place needs both numbers and their datum.
  func place() throws(Problem) -> Coordinate? {
    let (longitude, latitude) = (try number("longitude"), try number("latitude"))
    guard longitude != nil || latitude != nil else { return nil }
    guard let longitude, let latitude else { throw Self.fault("latitude", "needs its other half") }
    guard let datum = try value("datum", as: Datum.self) else {
      throw Self.fault("datum", "must be declared with coordinates")
    }
    guard
      let place = DatumConversion.wgs84(longitude: longitude, latitude: latitude, from: datum)
    else { throw Self.fault("longitude", "is no place on earth") }
    return place
  }

  /// The values of an action.
  func input() throws(Problem) -> CaseInput {
    var input = CaseInput()
    input.reason = text("reason")
    input.text = text("text")
    input.onSite = form["onSite"] == "true"
    input.organisation = try value("organisation")
    if let amount = try number("limit") {
      guard let clock = try value("clock", as: LegalClock.self),
        let limit = Limit(clock: clock, quantity: amount)
      else { throw Self.fault("limit", "is no limit in hours or days") }
      input.limit = limit
    }
    input.percent = try integer("percent")
    input.back = try value("back")
    input.score = try integer("score")
    input.until = try time("until")
    input.grade = try value("grade")
    input.classCode = text("classCode")
    input.into = try value("into")
    return input
  }
}
