import Access
import CityCore
import Geo
import Incidents
import Journal
import Operations
import Web

/// Filing a case.
struct FilingPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/incidents/new", .permission(.fileIncident)) { visit in fileForm(visit) },
      desk.action("/incidents", .permission(.fileIncident)) { visit, form in
        let filed = try await desk.node.fileIncident(
          try report(form, visit), reporter: reporter(form), by: visit.principal)
        return "/incidents/\(filed.id)"
      },
    ]
  }

  private func fileForm(_ visit: Visit) -> FormPage {
    let words = visit.words
    let classes = words.names.classes.keys.sorted().map { ($0, words.classCode($0)) }
    let sources = CaseSource.allCases.map { ($0.rawValue, words.choice("source", $0.rawValue)) }
    return FormPage(
      heading: words["fileTitle"], target: "/incidents", formName: "file",
      fields: [
        .input("title", words["fieldTitle"], isRequired: true),
        .area("description", words["fieldDescription"]),
        classes.isEmpty
          ? .input("classCode", words["fieldClass"], isRequired: true)
          : .select("classCode", words["fieldClass"], classes, isRequired: true, empty: ""),
        .select("grade", words["fieldGrade"], words.grades, chosen: "blue"),
        .select("source", words["fieldSource"], sources, chosen: "collector"),
        .input("address", words["fieldAddress"]),
        .input(
          "jurisdiction", words["fieldJurisdiction"],
          value: visit.node.identity.jurisdiction.rawValue, isRequired: true),
        .input("longitude", words["fieldLongitude"], type: "number", step: "any"),
        .input("latitude", words["fieldLatitude"], type: "number", step: "any"),
        .select(
          "datum", words["fieldDatum"], Datum.allCases.map { ($0.rawValue, $0.rawValue) },
          empty: words["fieldDatumHint"]),
        .input("reporterName", words["fieldReporter"]),
        .input("reporterPhone", words["fieldPhone"], type: "tel"),
      ], submit: words["fileSubmit"], backHref: "/incidents")
  }

  private func report(_ form: FormBody, _ visit: Visit) throws(Problem) -> CaseReport {
    let reader = FormReader(form, visit.words)
    guard let grade = form["grade"].flatMap(Grade.init(rawValue:)) else {
      throw FormReader.fault("grade")
    }
    guard let source = form["source"].flatMap(CaseSource.init(rawValue:)) else {
      throw FormReader.fault("source")
    }
    guard let area = form["jurisdiction"].flatMap(AdminCode.init(rawValue:)) else {
      throw FormReader.fault("jurisdiction")
    }
    // The form's key names the case: a form that is sent again, even after a restart, files nothing.
    let key = reader.text(FormBody.idempotencyField)
    return CaseReport(
      title: form["title"] ?? "", description: form["description"] ?? "",
      classCode: form["classCode"] ?? "", grade: grade, source: source,
      place: try reader.place(), address: reader.text("address"), jurisdiction: area,
      externalSource: key == nil ? nil : FormReader.source, externalId: key)
  }

  private func reporter(_ form: FormBody) -> [PersonalField] {
    [("reporterName", "reporter.name"), ("reporterPhone", "reporter.phone")].compactMap {
      name, field in
      form[name].flatMap { $0.isEmpty ? nil : PersonalField(field: field, value: $0) }
    }
  }
}
