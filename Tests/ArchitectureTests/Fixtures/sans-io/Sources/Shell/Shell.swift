actor Shell {
  let now = Date()
}
