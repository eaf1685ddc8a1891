// Maps that only show where something is.
import { addPin, createMap } from "./map.js";

function draw(element) {
  if (element.dataset.state) return;
  element.dataset.state = "drawing";
  const point = element.dataset.point.split(",").map(Number);
  const map = createMap(element, { centre: [point[1], point[0]], zoom: Number(element.dataset.zoom ?? 15), still: true });
  addPin(map, point, { kind: "chosen" });
}

const drawAll = () => document.querySelectorAll("[data-mini-map]").forEach(draw);

document.addEventListener("desk:replaced", drawAll);
drawAll();
