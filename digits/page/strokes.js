"use strict"
// Strokes: which of them form a digit, and the ink of a digit.
//
// A stroke is { width, points }, a point is [x, y]; all of them in units of the canvas, which is WIDTH × HEIGHT.

const WIDTH = 420, HEIGHT = 280
const MAX_RELATIVE_WIDTH = 0.14      // of a stroke, to the longer side of its digit: the network reads no fatter ones
const MIN_OVERLAP = 0.3              // of two strokes of one digit, horizontally, relative to the narrower one
const RESOLUTION = 200               // pixels of the longer side of a digit's ink

// Round the corners between the recorded points: a path of points at most 4 units apart where it bends.
function smooth({ points }) {
  const path = [points[0]]
  for (let i = 1; i < points.length - 1; i++) {
    const from = path.at(-1), control = points[i], to = [0, 1].map(axis => (control[axis] + points[i + 1][axis]) / 2)
    const steps = Math.ceil((distance(from, control) + distance(control, to)) / 4)
    for (let step = 1; step <= steps; step++) {      // a quadratic Bézier curve
      const t = step / steps
      path.push([0, 1].map(axis =>
        (1 - t) ** 2 * from[axis] + 2 * t * (1 - t) * control[axis] + t ** 2 * to[axis]))
    }
  }
  path.push(points.at(-1))
  return path
}

function distance(a, b) { return Math.hypot(a[0] - b[0], a[1] - b[1]) }

// Find the box around points, widened by `margin`.
function bounds(points, margin = 0) {
  const [xs, ys] = [0, 1].map(axis => points.map(point => point[axis]))
  return {
    left: Math.min(...xs) - margin, right: Math.max(...xs) + margin,
    top: Math.min(...ys) - margin, bottom: Math.max(...ys) + margin,
  }
}

// Group the strokes into digits, from left to right: strokes that overlap horizontally belong to one digit.
// Returns a list of { strokes, left, right, top, bottom }.
function groupStrokes(strokes) {
  let groups = []
  for (const stroke of strokes) {
    let group = { strokes: [stroke], ...bounds(stroke.points, stroke.width / 2) }
    const isApart = other => {
      const overlap = Math.min(group.right, other.right) - Math.max(group.left, other.left)
      return overlap < MIN_OVERLAP * Math.min(group.right - group.left, other.right - other.left)
    }
    const joined = groups.filter(other => !isApart(other))
    groups = groups.filter(isApart)
    for (const other of joined)
      group = {
        strokes: [...other.strokes, ...group.strokes],
        left: Math.min(other.left, group.left), right: Math.max(other.right, group.right),
        top: Math.min(other.top, group.top), bottom: Math.max(other.bottom, group.bottom),
      }
    groups.push(group)
  }
  return groups.sort((a, b) => a.left + a.right - b.left - b.right)
}

// Compute the ink of a digit from its strokes, without reading a canvas, which some browsers refuse.
// A stroke that is fat for the size of its digit, as of a small digit, becomes thinner.
// Returns { width, height, data }: the coverage of each pixel, 0–1; the longer side is RESOLUTION.
function renderInk(strokes) {
  const paths = strokes.map(smooth), box = bounds(paths.flat())
  const size = Math.max(box.right - box.left, box.bottom - box.top)
  const widest = MAX_RELATIVE_WIDTH / (1 - MAX_RELATIVE_WIDTH) * size    // `size` lacks half a width at each end
  const widths = strokes.map(({ width }) => Math.min(width, widest)), margin = Math.max(...widths) / 2
  const scale = RESOLUTION / (size + 2 * margin)
  const ink = {
    width: Math.ceil((box.right - box.left + 2 * margin) * scale - 1e-6),
    height: Math.ceil((box.bottom - box.top + 2 * margin) * scale - 1e-6),
  }
  ink.data = new Float32Array(ink.width * ink.height)
  paths.forEach((path, i) => {
    const onInk = path.map(([x, y]) => [(x - box.left + margin) * scale, (y - box.top + margin) * scale])
    for (let k = 1; k < onInk.length; k++) addSegment(ink, onInk[k - 1], onInk[k], widths[i] * scale / 2)
  })
  return ink
}

// Add a segment with round ends to the ink.
function addSegment(ink, [x0, y0], [x1, y1], radius) {
  const reach = radius + 0.5, dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy
  const [firstX, firstY] = [Math.min(x0, x1), Math.min(y0, y1)].map(low => Math.max(0, Math.floor(low - reach)))
  const lastX = Math.min(ink.width - 1, Math.ceil(Math.max(x0, x1) + reach))
  const lastY = Math.min(ink.height - 1, Math.ceil(Math.max(y0, y1) + reach))
  for (let y = firstY; y <= lastY; y++)
    for (let x = firstX; x <= lastX; x++) {
      const px = x + 0.5 - x0, py = y + 0.5 - y0
      const along = length && Math.min(1, Math.max(0, (px * dx + py * dy) / length))
      const away = Math.sqrt((px - along * dx) ** 2 + (py - along * dy) ** 2)
      const at = y * ink.width + x
      if (away < reach && reach - away > ink.data[at]) ink.data[at] = Math.min(1, reach - away)
    }
}
