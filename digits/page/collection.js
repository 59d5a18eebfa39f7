"use strict"
// The kept drawings, { label, pixels }: stored in this browser, and written as Kaggle's train.csv.

const STORAGE = "digit recognizer: kept drawings"

function loadCollection() {
  try {
    return JSON.parse(localStorage.getItem(STORAGE)) ?? []
  } catch {                              // the browser stores nothing for this page
    return []
  }
}

function saveCollection(kept) {
  try {
    localStorage.setItem(STORAGE, JSON.stringify(kept))
  } catch { /* as above: the drawings stay until the page is closed */ }
}

// Write the drawings as a CSV file: label,pixel0,…,pixel783.
function toCsv(kept) {
  const header = ["label", ...Array.from({ length: SIDE * SIDE }, (_, i) => `pixel${i}`)]
  return [header, ...kept.map(({ label, pixels }) => [label, ...pixels])].map(row => row.join(",") + "\n").join("")
}

function download(name, text) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

// Paint 784 grey levels.
function paintImage(canvas, image) {
  const context = canvas.getContext("2d"), picture = context.createImageData(SIDE, SIDE)
  image.forEach((value, i) => picture.data.set([value, value, value, 255], 4 * i))
  context.putImageData(picture, 0, 0)
}
