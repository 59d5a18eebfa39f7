"use strict"
// Pointers and keys: mouse, pen and fingers draw strokes; keys are shortcuts of the page's buttons.

let lastPen = -Infinity   // time of the last event of a pen, in milliseconds
let strokesBegun = 0

function position(event) {
  const box = element.canvas.getBoundingClientRect()
  return [(event.clientX - box.left) * WIDTH / box.width, (event.clientY - box.top) * HEIGHT / box.height]
}

element.canvas.addEventListener("pointerdown", event => {
  if (event.button || isPalm(event)) return
  event.preventDefault()
  element.canvas.setPointerCapture(event.pointerId)
  const stroke = { id: strokesBegun++, width: +element.brush.value, points: [position(event)] }
  unfinished.set(event.pointerId, { stroke, type: event.pointerType })
})

// A hand that holds a pen touches the screen too.
function isPalm({ pointerType, timeStamp }) {
  if (pointerType === "pen")
    unfinished.forEach(({ type }, id) => type === "touch" && unfinished.delete(id))
  const isPenDown = [...unfinished.values()].some(({ type }) => type === "pen")
  return pointerType === "touch" && (isPenDown || timeStamp - lastPen < 1000)
}

element.canvas.addEventListener("pointermove", event => {
  if (event.pointerType === "pen") lastPen = event.timeStamp
  const stroke = unfinished.get(event.pointerId)?.stroke
  if (!stroke) return
  const events = event.getCoalescedEvents?.() ?? []
  for (const point of (events.length ? events : [event]).map(position))
    if (distance(stroke.points.at(-1), point) >= 0.5) stroke.points.push(point)
  chosen = stroke
  update()
})

element.canvas.addEventListener("pointerup", event => {
  const stroke = unfinished.get(event.pointerId)?.stroke
  unfinished.delete(event.pointerId)
  if (stroke?.points[1]) change({ strokes: [...state.strokes, stroke] })   // a click draws nothing
})

element.canvas.addEventListener("pointercancel", event => {   // the system took the touch, for a gesture of its own
  unfinished.delete(event.pointerId)
  update()
})

const shortcuts = {
  z: undo, c: clearDrawing, escape: clearDrawing,
  "[": () => element.brush.stepDown(2), "]": () => element.brush.stepUp(2),
  ...Object.fromEntries(Array.from({ length: 10 }, (_, digit) => [digit, () => keep(digit)])),
}

// Name the shortcut of a key: by the Latin letter or bracket on it, else by its place on a keyboard of the United States.
function nameKey({ key, code }) {
  if (/^([a-z[\]]|escape)$/i.test(key)) return key.toLowerCase()
  return code.replace(/^(Key|Digit|Numpad)/, "").replace("BracketLeft", "[").replace("BracketRight", "]").toLowerCase()
}

addEventListener("keydown", event => {
  const name = nameKey(event), withControl = event.ctrlKey || event.metaKey
  const isAllowed = (name === "z" && withControl && !event.shiftKey)
    || ("[]".includes(name) && event.altKey)   // AltGr or Option, on many keyboards
    || !(withControl || event.altKey)
  if (!(name in shortcuts) || !isAllowed) return
  event.preventDefault()
  shortcuts[name]()
})
