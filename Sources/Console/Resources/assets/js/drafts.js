// Keeps what was typed into a form until the server has taken it: through an expired session, a
// closed tab, a crash. One draft for each person and form; passwords and files are never kept.
const prefix = `draft/${document.querySelector('meta[name="person"]').content}/`
const lifetime = 24 * 3600 * 1000

function fields(form) {
  return [...form.elements].filter(
    (field) => field.name && !field.name.startsWith("_") &&
      !["hidden", "password", "file", "submit", "button"].includes(field.type))
}

function save(form) {
  const values = fields(form).map((field) =>
    ["checkbox", "radio"].includes(field.type)
      ? [field.name, field.checked, field.value]
      : [field.name, field.value])
  const draft = { at: Date.now(), values }
  localStorage.setItem(prefix + form.dataset.draft, JSON.stringify(draft))
}

function restore(form) {
  const name = prefix + form.dataset.draft
  const draft = JSON.parse(localStorage.getItem(name) ?? "null")
  if (!draft) return false
  let isChanged = false
  const open = fields(form)
  for (const [name, value, choice] of draft.values) {
    const index = open.findIndex(
      (field) => field.name === name && (choice === undefined || field.value === choice))
    if (index < 0) continue
    const [field] = open.splice(index, 1)
    const key = choice === undefined ? "value" : "checked"
    isChanged ||= field[key] !== value
    field[key] = value
  }
  if (isChanged) form.closest("details")?.setAttribute("open", "")
  form.dispatchEvent(new Event("input"))
  return isChanged
}

// The server's redirection says which form it took.
function forget() {
  const url = new URL(location.href)
  const done = url.searchParams.get("done")
  for (const key of Object.keys(localStorage).filter((key) => key.startsWith("draft/"))) {
    const draft = JSON.parse(localStorage.getItem(key))
    if (key === prefix + done || !(Date.now() - draft?.at < lifetime)) localStorage.removeItem(key)
  }
  if (!done) return
  url.searchParams.delete("done")
  history.replaceState(history.state, "", url)
}

export function start() {
  forget()
  let isRestored = false
  for (const form of document.querySelectorAll("form[data-draft]")) {
    isRestored = restore(form) || isRestored
  }
  document.getElementById("restored").hidden = !isRestored
  document.addEventListener("input", ({ target }) => {
    if (target.form?.dataset.draft) save(target.form)
  })
}
