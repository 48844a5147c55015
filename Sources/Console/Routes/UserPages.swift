import Access
import CityCore
import Hummingbird
import Operations
import Web

/// Users and organisations.
struct UserPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/users", .permission(.readOrganisations)) { visit in try page(visit) },
      // A password is shown in the answer itself: a redirection would have to carry it.
      .post("/users", access: .permission(.manageUsers), body: .form, rate: .heavy) {
        request, context in
        let visit = try Visit(request, context, desk: desk)
        let form = try await context.form(of: request)
        return try await shown(visit) {
          try await desk.node.addPerson(try person(form, visit), by: visit.principal)
        }
      },
      .post("/users/{id}/reset", access: .permission(.manageUsers), body: .form, rate: .heavy) {
        request, context in
        let visit = try Visit(request, context, desk: desk)
        return try await shown(visit) {
          try await desk.node.resetCredential(
            try context.identifier("id"), by: visit.principal)
        }
      },
      desk.action("/users/{id}/{change}", .permission(.manageUsers), rate: .heavy) { visit, _ in
        let isDisabled: Bool
        switch visit.context.parameter("change") {
        case "disable": isDisabled = true
        case "enable": isDisabled = false
        default: throw Problem(.notFound, "there is no such action")
        }
        _ = try await desk.node.changePerson(
          try visit.context.identifier("id"), PersonChange(disabled: isDisabled),
          by: visit.principal)
        return "/users"
      },
      desk.action("/organisations", .permission(.manageOrganisations)) { visit, form in
        let reader = FormReader(form, visit.words)
        guard let kind = try reader.value("kind", as: Organisation.Kind.self) else {
          throw FormReader.fault("kind")
        }
        guard let area = try reader.value("jurisdiction", as: AdminCode.self) else {
          throw FormReader.fault("jurisdiction")
        }
        _ = try await desk.node.addOrganisation(
          id: try reader.value("id"), name: Label(zh: form["zh"] ?? "", en: form["en"] ?? ""),
          kind: kind, jurisdiction: area, parent: try reader.value("parent"),
          by: visit.principal)
        return "/users"
      },
    ]
  }

  /// The list with the password that was just made, or with what was wrong.
  private func shown(
    _ visit: Visit, _ make: () async throws -> FirstPassword
  ) async throws -> Response {
    do {
      let made = try await make()
      var page = try page(visit)
      page.secret = UsersPage.Secret(name: made.login, value: made.password)
      return await desk.respond(page, to: visit)
    } catch let problem as Problem where [.invalid, .duplicate].contains(problem.code) {
      var page = try page(visit)
      page.message = ProblemPage.inOneLine(problem)
      return await desk.respond(page, to: visit, status: .unprocessableContent)
    }
  }

  private func page(_ visit: Visit) throws -> UsersPage {
    let words = visit.words
    let mayAdd = visit.may(.manageUsers)
    let people =
      visit.may(.readUsers)
      ? try visit.node.people(try visit.pageOfList(), by: visit.principal) : nil
    let organisations = try visit.node.organisations(by: visit.principal)
    return UsersPage(
      hasPeople: people != nil,
      people: (people?.items ?? []).map {
        row($0, isOwn: $0.id == visit.principal.id, mayAdd, words)
      },
      pager: Pager.of(people?.next, visit), add: mayAdd ? addForm(organisations, visit) : nil,
      organisations: organisations.map { UsersPage.OrganisationRow($0, words: words) },
      addOrganisation: visit.may(.manageOrganisations)
        ? organisationForm(organisations, visit) : nil)
  }

  private func row(
    _ person: PersonView, isOwn: Bool, _ manages: Bool, _ words: Words
  ) -> UsersPage.PersonRow {
    UsersPage.PersonRow(
      id: person.id.rawValue, login: person.login.text, name: person.displayName.text,
      organisation: words.organisation(person.organisation),
      roles: person.grants.map { "\(words($0.role.label)) \($0.jurisdiction)" }
        .joined(separator: ", "), status: words[person.disabled ? "userDisabled" : "userActive"],
      isDisabled: person.disabled, canReset: manages && !person.disabled,
      canDisable: manages && !isOwn && !person.disabled, canEnable: manages && person.disabled)
  }

  private func addForm(_ organisations: [Organisation], _ visit: Visit) -> UsersPage.AddForm {
    let words = visit.words
    let roles = Role.allCases.filter(\.isForPeople).map { ($0.rawValue, words($0.label)) }
    return UsersPage.AddForm(fields: [
      .input("login", words["userLogin"], isRequired: true),
      .input("name", words["userName"], isRequired: true),
      .input("phone", words["userPhone"], type: "tel"),
      .select(
        "organisation", words["userOrganisation"],
        organisations.map { ($0.id.rawValue, words($0.name)) }, isRequired: true),
      .select("role", words["userRole"], roles, chosen: Role.dutyOfficer.rawValue),
      .input(
        "jurisdiction", words["userJurisdiction"],
        value: visit.node.identity.jurisdiction.rawValue, isRequired: true),
      .select(
        "language", words["userLanguage"],
        [(Language.chinese.rawValue, "中文"), (Language.english.rawValue, "English")]),
    ])
  }

  private func organisationForm(
    _ organisations: [Organisation], _ visit: Visit
  ) -> UsersPage.AddForm {
    let words = visit.words
    let kinds = Organisation.Kind.allCases.map {
      ($0.rawValue, words.choice("organisation", $0.rawValue))
    }
    return UsersPage.AddForm(fields: [
      .input("zh", words["organisationZh"], isRequired: true),
      .input("en", words["organisationEn"], isRequired: true),
      .input("id", words["organisationId"]),
      .select("kind", words["organisationKind"], kinds, chosen: Organisation.Kind.unit.rawValue),
      .select(
        "parent", words["organisationParent"],
        organisations.map { ($0.id.rawValue, words($0.name)) }, empty: words["none"]),
      .input(
        "jurisdiction", words["userJurisdiction"],
        value: visit.node.identity.jurisdiction.rawValue, isRequired: true),
    ])
  }

  private func person(_ form: FormBody, _ visit: Visit) throws(Problem) -> NewPerson {
    let reader = FormReader(form, visit.words)
    guard let organisation = try reader.value("organisation", as: PrincipalID.self) else {
      throw FormReader.fault("organisation")
    }
    guard let role = try reader.value("role", as: Role.self) else {
      throw FormReader.fault("role")
    }
    guard let area = try reader.value("jurisdiction", as: AdminCode.self) else {
      throw FormReader.fault("jurisdiction")
    }
    return NewPerson(
      login: form["login"] ?? "", displayName: form["name"] ?? "", phone: reader.text("phone"),
      organisation: organisation, jurisdiction: area,
      grants: [Grant(role: role, organisation: organisation, jurisdiction: area)],
      language: try reader.value("language"))
  }
}

extension Visit {
  /// Which page of a list is asked for; the first one in answers to forms.
  func pageOfList() throws(Problem) -> PageRequest {
    request.method == .get ? try context.query.page() : try PageRequest()
  }
}
