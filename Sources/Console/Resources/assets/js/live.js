// Brings the parts of the page marked `data-live` up to date when something changed: loads the page
// again in the background and changes what differs in those parts.
import { children } from "console/morph.js"

let timer = null
let running = false
let again = false

function exchange(page) {
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const fresh = page.getElementById(part.id)
    if (!fresh) continue
    children(part, fresh)
    part.dispatchEvent(new CustomEvent("console:replaced", { bubbles: true }))
  }
}

async function load(address) {
  const answer = await fetch(address, { cache: "no-store", redirect: "manual" })
  if (answer.type === "opaqueredirect" || answer.status === 401) return void showEnd()
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null
}

async function refresh() {
  if (running) return void (again = true)
  running = true
  try {
    let page = await load(location.href)
    // What came in answer to a form has no address of its own; the banners are those of every page.
    if (page === null) page = await load("/password")
    if (page) exchange(page)
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
