public import CityCore
public import Web

/// The console: every page and everything that its pages send, as routes for the web server.
public struct ConsoleRoutes: Sendable {
  /// Pages and their assets.
  public let groups: [RouteGroup]
  /// Draws problems as pages, also where no route was found.
  public let problems: ProblemRenderer

  /// - Throws: ``Problem`` `configuration` when templates, words or assets cannot be read.
  public init(_ services: ConsoleServices) throws(Problem) {
    let desk = Desk(services: services, renderer: try Renderer())
    let assets = try AssetDirectory(path: desk.renderer.assets)
    let problems = desk.problemRenderer
    self.problems = problems
    let routes = [
      LoginPages(desk: desk).routes, AccountPages(desk: desk).routes,
      DeskPages(desk: desk).routes, WarningPages(desk: desk).routes,
      IncidentPages(desk: desk).routes, FilingPages(desk: desk).routes,
      OrderPages(desk: desk).routes, EvidencePages(desk: desk).routes,
      DevicePages(desk: desk).routes, LinkPages(desk: desk).routes,
      UserPages(desk: desk).routes, ShiftPages(desk: desk).routes,
      ChangeStream(desk: desk).routes,
    ]
    groups = [
      RouteGroup("console", style: .pages, routes: routes.flatMap(\.self), problems: problems),
      RouteGroup("console-assets", style: .assets, routes: [assets.route(under: "/assets")]),
    ]
  }
}
