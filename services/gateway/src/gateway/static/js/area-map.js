// The area of a webhook: what the map shows as a rectangle, or an area whose corners are tapped one after the other.
// The two fields below the map stay what is sent, and can be typed as well.
import { createMap, createSketch, visibleBox } from "./map.js";

const DECIMALS = 5; // of a degree: about one metre
const FEWEST = 3; // corners of an area

const element = document.getElementById("map");
const box = document.getElementById("bbox");
const area = document.getElementById("area");
const said = document.querySelector("[data-area-said]");
const map = createMap(element);
const sketch = createSketch(map);
let corners = [];

const rounded = (number) => Number(number.toFixed(DECIMALS));

function ofBox(text) {
  const [west, south, east, north, ...more] = text.split(/[,;]/).map((part) => (part.trim() ? Number(part) : NaN));
  if (more.length || ![west, south, east, north].every(Number.isFinite)) return null;
  return { type: "Polygon", coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] };
}

function ofArea(text) {
  try {
    const found = JSON.parse(text);
    return ["Polygon", "MultiPolygon"].includes(found?.type) && Array.isArray(found.coordinates) ? found : null;
  } catch {
    return null;
  }
}

function show() {
  const open = corners.length > 0 && corners.length < FEWEST;
  try {
    sketch.show(open ? { type: "MultiPoint", coordinates: corners } : ofArea(area.value) ?? ofBox(box.value));
  } catch {
    sketch.show(null); // coordinates that are none: the server says so
  }
  if (corners.length) said.textContent = said.dataset[open ? "open" : "closed"].replace("{n}", corners.length);
  else said.textContent = box.value || area.value ? said.dataset.chosen : said.dataset.nothing;
}

function fill(newBox, newArea) {
  box.value = newBox;
  area.value = newArea;
  show();
}

map.on("click", ({ latlng }) => {
  corners.push([rounded(latlng.lng), rounded(latlng.lat)]);
  // One or two corners are filled in as well, so that they are refused when sent: no area would mean every place.
  fill("", JSON.stringify({ type: "Polygon", coordinates: [[...corners, corners[0]]] }));
});

document.querySelector("[data-take-view]").addEventListener("click", () => {
  corners = [];
  fill(visibleBox(map).map(rounded).join(", "), "");
});

document.querySelector("[data-clear-area]").addEventListener("click", () => {
  corners = [];
  fill("", "");
});

for (const field of [box, area]) {
  field.addEventListener("input", () => {
    corners = [];
    show();
  });
}

show();
sketch.fit();
