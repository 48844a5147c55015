// One event stream for all tabs of a browser: whoever holds the lock listens and tells the others.
const channel = new BroadcastChannel("citybeacon")
const indicator = document.getElementById("stream")

function tell(message) {
  show(message)
  channel.postMessage(message)
}

function show(message) {
  if (message.type === "state") return showState(message.isLive)
  document.dispatchEvent(new CustomEvent("console:event", { detail: message }))
}

function showState(isLive) {
  indicator.hidden = false
  indicator.classList.toggle("is-down", !isLive)
  indicator.textContent = isLive ? indicator.dataset.liveText : indicator.dataset.downText
}

function listen() {
  return new Promise((ended) => {
    const source = new EventSource("/events")
    source.onopen = () => tell({ type: "state", isLive: true })
    source.onerror = () => {
      tell({ type: "state", isLive: false })
      if (source.readyState === EventSource.CLOSED) checkSession(ended)
    }
    for (const kind of indicator.dataset.kinds.split(" ")) {
      source.addEventListener(kind, () => tell({ type: "change", kind }))
    }
    source.addEventListener("reset", () => tell({ type: "reset" }))
    source.addEventListener("end", (event) => {
      source.close()
      const { reason } = JSON.parse(event.data)
      tell({ type: "state", isLive: false })
      if (reason === "shutdown" || reason === "lagged") return setTimeout(ended, 2000)
      checkSession(ended)
    })
  })
}

// A stream that the server refuses is tried again, unless the session is over.
async function checkSession(ended) {
  const answer = await fetch("/session", { cache: "no-store" }).catch(() => null)
  if (answer?.status === 401) return tell({ type: "ended" })
  setTimeout(ended, 3000)
}

export function start() {
  channel.onmessage = (event) => show(event.data)
  navigator.locks.request("citybeacon-stream", async () => {
    for (;;) await listen()
  })
}
