"use strict"
// The page: its state, what changes it, and how it is shown.

const CERTAIN = 0.95   // below this confidence the page names the second digit too

const element = Object.fromEntries([...document.querySelectorAll("[id]")].map(found => [found.id, found]))
const { networks, members } = readNetworks(element.networks.textContent)
const context = element.canvas.getContext("2d")
context.scale(element.canvas.width / WIDTH, element.canvas.height / HEIGHT)

let state = { strokes: [], kept: loadCollection() }   // replaced by each change, never modified
const past = []                                       // earlier states, for undo
const unfinished = new Map()                          // pointer id → { stroke, type }, of strokes that are being drawn
let digits = []                                       // groups of strokes with their image and probabilities
let chosen = null                                     // a stroke of the digit that is shown
let waiting = false

// ---- changes ----

function change(changes) {
  past.push(state)
  state = { ...state, ...changes }
  showChange()
}

function undo() {
  if (past.length) state = past.pop()
  showChange()
}

function clearDrawing() {
  unfinished.clear()
  if (state.strokes.length) change({ strokes: [] })
}

function keep(label) {
  recognize()
  const digit = shownDigit()
  if (!digit || unfinished.size) return
  const strokes = state.strokes.filter(stroke => !digit.strokes.includes(stroke))
  change({ strokes, kept: [...state.kept, { label, pixels: [...digit.image] }] })
}

function showChange() {
  saveCollection(state.kept)
  showCollection()
  update()
}

// ---- recognition ----

function allStrokes() {
  return [...state.strokes, ...[...unfinished.values()].map(({ stroke }) => stroke).filter(({ points }) => points[1])]
}

// Paint now, and recognize afterwards, so that a slow device paints all the same.
function update() {
  paint()
  if (waiting) return
  waiting = true
  setTimeout(() => {
    waiting = false
    recognize()
    show()
  })
}

function recognize() {
  const strokes = allStrokes(), drawing = new Set([...unfinished.values()].map(({ stroke }) => stroke))
  const known = new Map(digits.map(digit => [digit.key, digit]))
  digits = groupStrokes(strokes).map(group => {
    const isDraft = group.strokes.some(stroke => drawing.has(stroke))   // one network is enough while it is drawn
    const key = `${isDraft} ${group.strokes.map(({ id, points }) => `${id}:${points.length}`)}`
    if (known.has(key)) return known.get(key)
    const image = frame(renderInk(group.strokes))
    const probabilities = isDraft ? computeLayers(networks[0], image).at(-1).data : predict(networks, image)
    return { ...group, key, image, probabilities, ...rank(probabilities) }
  })
}

// Name the most probable digit, the second, and their probabilities.
function rank(probabilities) {
  const [first, second] = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a])
  return { first, second, confidence: probabilities[first], runnerUp: probabilities[second] }
}

function shownDigit() {
  return digits.find(({ strokes }) => strokes.includes(chosen)) ?? digits.at(-1)
}

// ---- display ----

function paint() {
  const strokes = allStrokes()
  context.clearRect(0, 0, WIDTH, HEIGHT)
  context.strokeStyle = getComputedStyle(element.canvas).color
  context.lineCap = context.lineJoin = "round"
  for (const stroke of strokes) {
    context.lineWidth = stroke.width
    context.beginPath()
    smooth(stroke).forEach(point => context.lineTo(...point))
    context.stroke()
  }
  element.invitation.hidden = strokes.length > 0
  element.undo.disabled = !past.length
  element.clear.disabled = !state.strokes.length
}

function show() {
  const digit = shownDigit(), number = digits.map(({ first }) => first).join("")
  showPredictions(digit)
  showBars(digit)
  element.number.textContent = number
  element.number.classList.toggle("long", number.length > 3)
  element.verdict.textContent = describe(digit)
  paintImage(element.input, digit?.image ?? Array(SIDE * SIDE).fill(0))
  if (element.inside.open) showLayers(element.layers, networks[0], digit?.image)
  if (!unfinished.size) element.status.textContent = digit ? `${number}. ${describe(digit)}` : ""
}

function describe(digit) {
  if (!digit) return "The image that the network gets, and its ten probabilities, appear here."
  const { first, second, confidence, runnerUp } = digit
  if (confidence >= CERTAIN) return `${first} with a probability of ${percent(confidence)}.`
  return `Between ${first} (${percent(confidence)}) and ${second} (${percent(runnerUp)}), or no digit at all.`
}

function percent(probability) {
  return `${(100 * Math.min(probability, 0.9999)).toFixed(probability > 0.999 ? 2 : probability > 0.99 ? 1 : 0)} %`
}

// Show the prediction of each digit under it.
function showPredictions(shown) {
  element.predictions.replaceChildren(...digits.map(digit => {
    const button = document.createElement("button")
    button.textContent = digit.first
    button.className = digit.confidence < CERTAIN ? "uncertain" : ""
    button.ariaLabel = `${digit.first}, ${percent(digit.confidence)}`
    button.ariaPressed = digit === shown
    button.style.left = `${100 * Math.min(0.96, Math.max(0.04, (digit.left + digit.right) / 2 / WIDTH))}%`
    button.onclick = () => { chosen = digit.strokes[0], show() }
    return button
  }))
}

function showBars(digit) {
  [...element.bars.children].forEach((button, label) => {
    const probability = digit?.probabilities[label] ?? 0
    button.disabled = !digit
    button.className = digit?.first === label ? "best" : ""
    button.ariaLabel = `${label}: ${percent(probability)}. Keep the drawing as a ${label}.`
    button.querySelector(".bar").style.height = `${85 * probability}%`
    button.querySelector(".percent").textContent = probability >= 0.005 ? Math.round(100 * probability) : ""
  })
}

function showCollection() {
  const { kept } = state
  element.kept.replaceChildren(...kept.map((drawing, i) => {
    const button = document.createElement("button"), image = document.createElement("canvas")
    image.width = image.height = SIDE
    paintImage(image, drawing.pixels)
    button.append(image, Object.assign(document.createElement("span"), { textContent: drawing.label }))
    button.ariaLabel = `Delete this ${drawing.label}`
    button.onclick = () => change({ kept: kept.filter((_, other) => other !== i) })
    return button
  }))
  element.download.disabled = element.delete.disabled = !kept.length
  element["kept-title"].textContent = kept.length ? `Your digits: ${kept.length}` : "Your digits"
}

// ---- start ----

function readNetworks(json) {
  const { members, networks } = JSON.parse(json)
  return { members, networks: networks.map(decodeNetwork) }
}

function describeNetworks() {
  if (members > networks.length) return `This page has ${networks.length} of ${members} networks: all would be too large.`
  return members > 1 ? `The probabilities are the average of ${members} networks; the layers are those of the first.` : ""
}

element.bars.innerHTML = Array.from({ length: 10 }, (_, digit) => `<button>
  <span class="track"><span class="percent"></span><span class="bar"></span></span><span class="digit">${digit}</span>
</button>`).join("")
;[...element.bars.children].forEach((button, digit) => button.onclick = () => keep(digit))
element.undo.onclick = undo
element.clear.onclick = clearDrawing
element.download.onclick = () => download("drawn.csv", toCsv(state.kept))
element.delete.onclick = () => change({ kept: [] })
element.inside.ontoggle = show
element.inside.open = innerWidth >= 800
element.about.textContent = describeNetworks()
for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).onchange = paint
showCollection()
update()
