// Lets ages grow between two renderings: copies the page's own words for a span of time.
const words = document.documentElement.lang.startsWith("zh")
  ? { s: (n) => `${n} 秒前`, m: (n) => `${n} 分钟前`, h: (n) => `${n} 小时前`, d: (n) => `${n} 天前` }
  : { s: (n) => `${n} s ago`, m: (n) => `${n} min ago`, h: (n) => `${n} h ago`, d: (n) => `${n} d ago` }

export function describe(seconds) {
  if (seconds < 60) return words.s(Math.max(0, Math.floor(seconds)))
  if (seconds < 3600) return words.m(Math.floor(seconds / 60))
  if (seconds < 172800) return words.h(Math.floor(seconds / 3600))
  return words.d(Math.floor(seconds / 86400))
}

function tick() {
  for (const element of document.querySelectorAll("[data-since]")) {
    const seconds = (Date.now() - Date.parse(element.dataset.since)) / 1000
    if (seconds > 0) element.textContent = describe(seconds)
  }
}

export function start() {
  setInterval(tick, 10000)
}
