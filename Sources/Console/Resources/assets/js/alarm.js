// Sounds while something red or orange waits for acknowledgement. Browsers play nothing before a
// person has touched the page, so a button asks for that once.
let context = null
let beeping = null
const question = document.getElementById("sound")

function isRinging() {
  return document.querySelector("[data-alarm]") !== null
}

function beep() {
  if (!isRinging()) return
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
}

async function unlock() {
  context ??= new AudioContext()
  await context.resume()
  question.hidden = context.state === "running"
  if (context.state === "running") check()
}

function check() {
  const isOn = context?.state === "running"
  question.hidden = isOn || !isRinging()
  if (isOn && isRinging() && !beeping) {
    beep()
    beeping = setInterval(beep, 4000)
  }
  if (!isRinging()) {
    clearInterval(beeping)
    beeping = null
  }
}

export function start() {
  question.querySelector("button").addEventListener("click", unlock)
  document.addEventListener("keydown", unlock, { once: true })
  document.addEventListener("pointerdown", unlock, { once: true })
  document.addEventListener("console:replaced", check)
  check()
}
