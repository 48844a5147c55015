// Brings the parts of the page marked `data-live` up to date when something changed: loads the page
// again in the background and exchanges those parts that differ.
let timer = null
let running = false
let again = false

function isBusy(part) {
  const focus = document.activeElement
  if (part.contains(focus) && focus.matches("input, textarea, select")) return true
  return part.querySelector("details.inline[open], details.action[open]") !== null
}

function keepOpen(old, fresh) {
  for (const details of old.querySelectorAll("details[data-fold]")) {
    const twin = fresh.querySelector(`details[data-fold="${CSS.escape(details.dataset.fold)}"]`)
    if (twin) twin.open = details.open
  }
}

function exchange(page) {
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const fresh = page.getElementById(part.id)
    if (!fresh || isBusy(part) || fresh.innerHTML === part.innerHTML) continue
    keepOpen(part, fresh)
    part.replaceChildren(...fresh.childNodes)
    part.dispatchEvent(new CustomEvent("console:replaced", { bubbles: true }))
  }
}

async function refresh() {
  if (running) return void (again = true)
  running = true
  try {
    const answer = await fetch(location.href, { cache: "no-store", redirect: "manual" })
    if (answer.type === "opaqueredirect" || answer.status === 401) return showEnd()
    if (answer.ok) exchange(new DOMParser().parseFromString(await answer.text(), "text/html"))
  } catch {
    // The stream shows that the node cannot be reached; the next event or tick tries again.
  } finally {
    running = false
    if (again) {
      again = false
      schedule()
    }
  }
}

function schedule() {
  timer ??= setTimeout(() => {
    timer = null
    refresh()
  }, 300)
}

function showEnd() {
  document.getElementById("ended").hidden = false
}

export function start() {
  document.addEventListener("console:event", ({ detail }) => {
    if (detail.type === "ended") showEnd()
    else schedule()
  })
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) schedule()
  })
  // The state of links and the deadlines change without an event.
  setInterval(() => {
    if (!document.hidden) schedule()
  }, 5000)
}
