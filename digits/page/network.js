"use strict"
// The networks: decode the weights that the stage `page` packed, and compute every layer's output.
//
// A volume is { height, width, channels, data }: a Float32Array of rows, columns and channels, in this order as in Keras.
// A layer is { type, … }, see digits/page/weights.py. A type here is a function from a layer and a volume to a volume.

const LAYER_TYPES = {
  affine(layer, input) {                       // per channel; batch normalization and biases
    const { channels, data } = input, { scale, offset } = layer
    return { ...input, data: data.map((value, i) => value * scale[i % channels] + offset[i % channels]) }
  },

  conv({ kernel, shape: [rows, columns, , filters], same }, { height, width, channels, data }) {
    const top = same ? (rows - 1) >> 1 : 0, left = same ? (columns - 1) >> 1 : 0
    const output = makeVolume(same ? height : height - rows + 1, same ? width : width - columns + 1, filters)
    const values = new Float64Array(rows * columns * channels), weights = new Int32Array(values.length)
    for (let y = 0, at = 0; y < output.height; y++)
      for (let x = 0; x < output.width; x++, at += filters) {
        let count = 0                          // of the inputs that are not zero; most are, after a ReLU
        for (let i = Math.max(0, top - y); i < rows && y + i - top < height; i++)
          for (let j = Math.max(0, left - x); j < columns && x + j - left < width; j++) {
            const pixel = ((y + i - top) * width + x + j - left) * channels
            for (let c = 0; c < channels; c++)
              if (data[pixel + c] !== 0) {
                values[count] = data[pixel + c]
                weights[count++] = ((i * columns + j) * channels + c) * filters
              }
          }
        let f = 0
        for (; f + 4 <= filters; f += 4) {     // four at a time take half the time
          let a = 0, b = 0, c = 0, d = 0
          for (let k = 0; k < count; k++) {
            const value = values[k], w = weights[k] + f
            a += value * kernel[w], b += value * kernel[w + 1], c += value * kernel[w + 2], d += value * kernel[w + 3]
          }
          output.data.set([a, b, c, d], at + f)
        }
        for (; f < filters; f++)
          for (let k = 0; k < count; k++) output.data[at + f] += values[k] * kernel[weights[k] + f]
      }
    return output
  },

  dense({ kernel, shape: [inputs, outputs] }, { data }) {
    return LAYER_TYPES.conv({ kernel, shape: [1, 1, inputs, outputs] }, { height: 1, width: 1, channels: inputs, data })
  },

  mean(_, { height, width, channels, data }) { // of each channel
    const output = makeVolume(1, 1, channels)
    data.forEach((value, i) => output.data[i % channels] += value / (height * width))
    return output
  },

  pool({ size }, { height, width, channels, data }) {
    const output = makeVolume(Math.floor(height / size), Math.floor(width / size), channels)
    output.data.fill(-Infinity)
    for (let y = 0; y < output.height * size; y++)
      for (let x = 0; x < output.width * size; x++)
        for (let c = 0; c < channels; c++) {
          const at = (Math.floor(y / size) * output.width + Math.floor(x / size)) * channels + c
          output.data[at] = Math.max(output.data[at], data[(y * width + x) * channels + c])
        }
    return output
  },

  relu: (_, input) => ({ ...input, data: input.data.map(value => Math.max(value, 0)) }),

  softmax(_, input) {
    const highest = Math.max(...input.data), powers = input.data.map(value => Math.exp(value - highest))
    const sum = powers.reduce((total, power) => total + power)
    return { ...input, data: powers.map(power => power / sum) }
  },
}

const SHIFTS = [[1, 0], [-1, 0], [0, 1], [0, -1]]   // pixels (down, right), of test-time augmentation
const CONFIDENT = 0.99                              // from here on, without test-time augmentation

function makeVolume(height, width, channels) {
  return { height, width, channels, data: new Float32Array(height * width * channels) }
}

// Decode the arrays of packed layers.
function decodeNetwork(layers) {
  return layers.map(layer => {
    const arrays = ["kernel", "scale", "offset"].filter(name => name in layer)
    return { ...layer, ...Object.fromEntries(arrays.map(name => [name, decodeFloat16(layer[name])])) }
  })
}

// Decode IEEE half-precision numbers, little-endian, in base64.
function decodeFloat16(base64) {
  const bytes = atob(base64)
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = bytes.charCodeAt(2 * i) | bytes.charCodeAt(2 * i + 1) << 8
    const exponent = bits >> 10 & 31, fraction = bits & 1023
    const size = exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24
    return bits >> 15 ? -size : size
  })
}

// Compute the outputs of all layers for an image, 784 values of 0–255; the last has the ten probabilities.
function computeLayers(network, image) {
  let volume = { height: 28, width: 28, channels: 1, data: Float32Array.from(image) }
  return network.map(layer => volume = LAYER_TYPES[layer.type](layer, volume))
}

// Average the probabilities over the networks, and for uncertain ones over test-time augmentation, as the pipeline does.
function predict(networks, image) {
  const all = networks.map(network => {
    const probabilities = computeLayers(network, image).at(-1).data
    if (Math.max(...probabilities) >= CONFIDENT) return probabilities
    return average([probabilities, ...SHIFTS.map(shift => computeLayers(network, shiftImage(image, shift)).at(-1).data)])
  })
  return average(all)
}

function average(arrays) {
  return arrays[0].map((_, i) => arrays.reduce((sum, array) => sum + array[i], 0) / arrays.length)
}

function shiftImage(image, [down, right]) {
  return image.map((_, i) => {
    const y = Math.floor(i / 28) - down, x = i % 28 - right
    return y >= 0 && y < 28 && x >= 0 && x < 28 ? image[28 * y + x] : 0
  })
}

// Return the feature maps of each convolution, as the next one gets them but not yet pooled.
function featureMaps(network, outputs) {
  return network.flatMap((layer, i) => {
    if (layer.type !== "conv") return []
    let maps = outputs[i]
    for (const next of network.slice(i + 1)) {
      if (next.type === "affine" || next.type === "relu") maps = LAYER_TYPES[next.type](next, maps)
      else if (next.type !== "pool") break
    }
    return [maps]
  })
}
