"use strict"
// The layers, live: the feature maps of each convolution as tiles, with a sentence for beginners.

const COLOURS = ["#000004", "#2d1160", "#721f81", "#b73779", "#f1605d", "#feb078", "#fcfdbf"]   // Matplotlib's magma
const PALETTE = makePalette(COLOURS)

const FIRST = "Each filter has a small pattern, and its map lights up where the image has it: an edge, a stroke in one direction."
const MIDDLE = [
  "Each filter combines all maps of the layer before: edges become bends, corners and ends of strokes.",
  "With each layer, a filter covers a larger part of the drawing: an arc, a crossing, a hook.",
  "Parts become shapes, such as half a loop or a bar that meets a stem.",
]
const LAST = "Little of the place is left: a map stands for a whole part of a digit, such as a loop at the top."

// Make 256 colours [red, green, blue] from dark to bright.
function makePalette(colours) {
  const stops = colours.map(colour => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16)))
  return Array.from({ length: 256 }, (_, i) => {
    const place = i / 256 * (stops.length - 1), from = Math.floor(place), part = place - from
    return stops[from].map((value, channel) => value + part * (stops[from + 1][channel] - value))
  })
}

// List what there is to show of a network: { title, size, text, volume }, the volume with its outputs.
function describeLayers(network, image) {
  const outputs = computeLayers(network, image)
  const convolutions = network.filter(({ type }) => type === "conv"), maps = featureMaps(network, outputs)
  const shown = maps.map((volume, i) => ({
    title: `Convolution ${i + 1}`,
    size: `${volume.channels} filters of ${convolutions[i].shape.slice(0, 2).join(" × ")}`,
    text: i === 0 ? FIRST : i === maps.length - 1 ? LAST : MIDDLE[Math.min(i, MIDDLE.length) - 1],
    volume,
  }))
  const mean = network.findIndex(({ type }) => type === "mean")
  if (mean >= 0) shown.push({
    title: "Averages",
    size: `${outputs[mean].channels} numbers`,
    text: "The average of each map. Ten weighted sums of them become the probabilities of the ten digits.",
    volume: outputs[mean],
  })
  return shown
}

// Show the layers in `container`, a figure each; later calls repaint them. Without an image, all maps are dark.
function showLayers(container, network, image) {
  describeLayers(network, image ?? Array(SIDE * SIDE).fill(0)).forEach(({ title, size, text, volume }, i) => {
    const figure = container.children[i] ?? container.appendChild(document.createElement("figure"))
    if (!figure.firstChild) {
      figure.innerHTML = "<figcaption><strong></strong><small></small><span></span></figcaption><canvas role='img'></canvas>"
      const [strong, small, span] = figure.firstChild.children
      strong.textContent = title, small.textContent = size, span.textContent = text
      figure.lastChild.ariaLabel = `${title}: ${volume.channels} maps of ${volume.height} × ${volume.width}`
    }
    const highest = image ? volume.data.reduce((max, value) => Math.max(max, value), 1e-6) : Infinity
    paintMaps(figure.lastChild, volume, highest)
    figure.lastChild.onpointermove = event => showLens(event, volume, highest)
    figure.lastChild.onpointerleave = () => document.getElementById("lens").hidden = true
  })
}

function countColumns({ width, channels }) { return Math.min(channels, width > 8 ? 16 : 32) }

// Paint the channels of a volume as tiles with a gap of one pixel, from 0, dark, to `highest`, bright.
function paintMaps(canvas, volume, highest) {
  const { height, width, channels, data } = volume, columns = countColumns(volume)
  canvas.width = columns * (width + 1) - 1
  canvas.height = Math.ceil(channels / columns) * (height + 1) - 1
  const context = canvas.getContext("2d"), picture = context.createImageData(canvas.width, canvas.height)
  data.forEach((value, i) => {
    const channel = i % channels, pixel = Math.floor(i / channels)
    const x = channel % columns * (width + 1) + pixel % width
    const y = Math.floor(channel / columns) * (height + 1) + Math.floor(pixel / width)
    const colour = PALETTE[Math.round(255 * (Math.max(0, value) / highest) ** 0.7)]
    picture.data.set([...colour, 255], 4 * (y * canvas.width + x))
  })
  context.putImageData(picture, 0, 0)
}

// Show the map under the pointer enlarged, beside it.
function showLens({ target, clientX, clientY, offsetX, offsetY }, volume, highest) {
  const { height, width, channels, data } = volume, columns = countColumns(volume)
  const tile = target.clientWidth / columns, tileHeight = tile * (height + 1) / (width + 1)
  const channel = Math.min(channels - 1, Math.floor(offsetY / tileHeight) * columns + Math.floor(offsetX / tile))
  const lens = document.getElementById("lens"), map = data.filter((_, i) => i % channels === channel)
  paintMaps(lens.firstElementChild, { height, width, channels: 1, data: map }, highest)
  lens.lastElementChild.textContent = `${channel + 1} of ${channels}`
  lens.style.translate = `${clientX > innerWidth / 2 ? clientX - 180 : clientX + 20}px ${Math.max(8, clientY - 190)}px`
  lens.hidden = false
}
