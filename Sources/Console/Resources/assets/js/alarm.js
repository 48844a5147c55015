// Sounds while something red or orange waits for acknowledgement, on every page, until it was
// acknowledged. Browsers play nothing before a person has touched one of our pages; then a button
// asks for that. `data-sound` on the body tells the state: quiet, ringing, or blocked.
const question = document.getElementById("sound")
let context = null
let beeping = null

function isRinging() {
  return document.querySelector("[data-alarm]") !== null
}

function beep() {
  for (const [offset, frequency] of [[0, 880], [0.25, 660], [0.5, 880]]) {
    const tone = context.createOscillator()
    const volume = context.createGain()
    const at = context.currentTime + offset
    tone.frequency.value = frequency
    volume.gain.setValueAtTime(0.0001, at)
    volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2)
    tone.connect(volume).connect(context.destination)
    tone.start(at)
    tone.stop(at + 0.22)
  }
  document.body.dataset.beeps = String(Number(document.body.dataset.beeps ?? 0) + 1)
}

function check() {
  const isOn = context?.state === "running"
  question.hidden = isOn || !isRinging()
  document.body.dataset.sound = !isRinging() ? "quiet" : isOn ? "ringing" : "blocked"
  if (isOn && isRinging() && !beeping) {
    beep()
    beeping = setInterval(beep, 4000)
  }
  if (!isRinging() || !isOn) {
    clearInterval(beeping)
    beeping = null
  }
}

// A click or key on a page before this one is enough for most browsers, so it is tried at once; on a
// page where nothing rings there is nothing to try.
function unlock() {
  if (!isRinging()) return check()
  if (!context) {
    context = new AudioContext()
    context.onstatechange = check
  }
  context.resume().then(check, check)
  check()
}

export function start() {
  question.querySelector("button").addEventListener("click", unlock)
  document.addEventListener("keydown", unlock)
  document.addEventListener("pointerdown", unlock)
  document.addEventListener("console:replaced", unlock)
  unlock()
}
