// The wizard's map: tap a place, take the middle of the map, or take the place of this device.
import { addPin, createMap } from "./map.js";

const element = document.getElementById("map");
const longitude = document.getElementById("longitude");
const latitude = document.getElementById("latitude");
const line = document.querySelector("[data-chosen]");
const words = document.querySelector("[data-chosen-text]");
const error = document.getElementById("place-error");

const known = longitude.value && latitude.value
  ? [Number(longitude.value.replace(",", ".")), Number(latitude.value.replace(",", "."))]
  : null;
const map = createMap(element, known ? { centre: [known[1], known[0]], zoom: 16 } : {});
let pin = null;
let asked = 0;

function drawPin(point) {
  pin?.remove();
  pin = addPin(map, point, { kind: "chosen", title: element.dataset.pin });
}

async function choose(point) {
  longitude.value = point[0].toFixed(6);
  latitude.value = point[1].toFixed(6);
  drawPin(point);
  error?.remove();
  const turn = (asked += 1);
  let found = { inside: true, words: null };
  try {
    const answer = await fetch(`/melden/omgeving?longitude=${longitude.value}&latitude=${latitude.value}`);
    if (answer.ok) found = await answer.json();
  } catch {
    // The server checks again when the form is sent.
  }
  if (turn !== asked) return;
  line.classList.toggle("place__chosen--set", found.inside);
  line.classList.toggle("place__chosen--wrong", !found.inside);
  words.textContent = !found.inside
    ? line.dataset.outside
    : found.words ? line.dataset.set.replace("{words}", found.words) : line.dataset.unnamed;
}

map.on("click", (event) => choose([event.latlng.lng, event.latlng.lat]));

document.querySelector("[data-centre-pick]").addEventListener("click", () => {
  const centre = map.getCenter();
  choose([centre.lng, centre.lat]);
});

document.querySelector("[data-locate]").addEventListener("click", (event) => {
  const button = event.currentTarget;
  words.textContent = button.dataset.busy;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      map.setView([coords.latitude, coords.longitude], 17);
      choose([coords.longitude, coords.latitude]);
    },
    () => { words.textContent = button.dataset.refused; },
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
  );
});

if (known && known.every(Number.isFinite)) drawPin(known);
