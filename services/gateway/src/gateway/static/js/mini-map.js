// Maps that only show where something is.
import { addPin, createMap } from "./map.js";

for (const element of document.querySelectorAll("[data-mini-map]")) {
  const point = element.dataset.point.split(",").map(Number);
  const map = createMap(element, { centre: [point[1], point[0]], zoom: Number(element.dataset.zoom ?? 15), still: true });
  addPin(map, point, { kind: "chosen" });
}
