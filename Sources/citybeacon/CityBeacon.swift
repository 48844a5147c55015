import ArgumentParser

@main
struct CityBeacon: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "citybeacon",
    abstract: "A city operations and command node, from province to community.",
    subcommands: [
      Serve.self, NodeCommand.self, UserCommand.self, OrganisationCommand.self,
      TokenCommand.self, DeviceCommand.self, Replay.self, Simulate.self, JournalCommand.self,
      BackupCommand.self, RestoreCommand.self, CheckConfig.self, Doctor.self,
    ])
}
