// The work list on a map: the same rows, drawn where they are.
import { createClusters, createMap } from "./map.js";

const element = document.getElementById("map");
const map = createMap(element);
const clusters = createClusters(map);
const rows = [...document.querySelectorAll("[data-row][data-point]")];
const points = rows.map((row) => ({
  position: row.dataset.point.split(",").map(Number),
  kind: row.classList.contains("case-row--late") ? "late" : row.classList.contains("case-row--closed") ? "closed" : "open",
  title: `${row.dataset.number} ${row.querySelector(".cell-what__topic").textContent}`,
  onOpen: () => row.querySelector("a").click(),
}));
clusters.replace(points);
if (points.length) {
  map.fitBounds(points.map(({ position }) => [position[1], position[0]]), { maxZoom: 15, padding: [40, 40] });
}
