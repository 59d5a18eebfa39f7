"use strict"
// MNIST's frame, as in digits/handwriting/mnist_frame.py: 28×28 pixels, the digit's longer side 20, its centre of mass in
// the middle.

const SIDE = 28, BOX = 20

// Scale and centre one digit.
// ink: { width, height, data }, data row by row: 0 for paper, larger values for stronger ink, somewhere above 0.
// Returns 784 values, 0–255, white ink on black.
function frame({ width, height, data }) {
  let top = height, bottom = -1, left = width, right = -1
  data.forEach((value, i) => {
    if (value <= 0) return
    const y = Math.floor(i / width), x = i % width
    top = Math.min(top, y), bottom = Math.max(bottom, y), left = Math.min(left, x), right = Math.max(right, x)
  })
  const rows = bottom - top + 1, columns = right - left + 1, side = Math.max(rows, columns)
  const firstRow = top - ((side - rows) >> 1), firstColumn = left - ((side - columns) >> 1)    // of the square
  const cells = boxes(side), small = new Float64Array(BOX * BOX)
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const value = data[y * width + x]
      if (value > 0)
        for (const [row, rowWeight] of cells[y - firstRow])
          for (const [column, weight] of cells[x - firstColumn]) small[row * BOX + column] += value * rowWeight * weight
    }

  let sum = 0, sumY = 0, sumX = 0
  small.forEach((value, i) => {
    sum += value, sumY += value * (Math.floor(i / BOX) + 0.5), sumX += value * (i % BOX + 0.5)
  })
  const [down, across] = [sumY / sum, sumX / sum].map(centre =>
    Math.min(SIDE - BOX, Math.max(0, Math.floor(15 - centre - 1e-4))))
  const image = new Uint8ClampedArray(SIDE * SIDE), strongest = Math.max(...small)
  small.forEach((value, i) => image[(down + Math.floor(i / BOX)) * SIDE + across + i % BOX] = value * 255 / strongest)
  return image
}

// Assign `side` pixels to the BOX cells as Pillow's box filter does, which averages whole pixels. Where the border of a
// cell is the middle of a pixel, its order of rounding decides; the pixel may even belong to no cell.
// Returns for each pixel its list of [cell, weight].
function boxes(side) {
  const scale = side / BOX, size = Math.max(scale, 1), inverse = 1 / size
  const cells = Array.from({ length: side }, () => [])
  for (let cell = 0; cell < BOX; cell++) {
    const centre = (cell + 0.5) * scale, inside = []
    const first = Math.max(0, Math.floor(centre - size / 2 + 0.5)), end = Math.min(side, Math.floor(centre + size / 2 + 0.5))
    for (let pixel = first; pixel < end; pixel++) {
      const place = (pixel - centre + 0.5) * inverse
      if (place > -0.5 && place <= 0.5) inside.push(pixel)
    }
    inside.forEach(pixel => cells[pixel].push([cell, 1 / inside.length]))
  }
  return cells
}
