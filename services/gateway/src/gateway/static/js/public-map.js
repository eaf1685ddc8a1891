// The public map: asks for what is in view, draws it in groups, and writes the same as a list beside it.
import { createClusters, createMap } from "./map.js";

const STEP = 25;
const element = document.getElementById("map");
const map = createMap(element);
const clusters = createClusters(map);
const list = document.querySelector("[data-list]");
const count = document.querySelector("[data-count]");
const more = document.querySelector("[data-more]");
const filter = document.querySelector("[data-filter]");
const language = list.dataset.language.slice(0, 2);
const days = new Intl.DateTimeFormat(list.dataset.language, { day: "numeric", month: "long", year: "numeric", timeZone: "Europe/Amsterdam" });

let cases = [];
let shown = STEP;
let asked = 0;
let timer;

const nameOf = (properties) => properties.name?.[language] || properties.name?.nl || properties.category || "";

function line(feature) {
  const { properties } = feature;
  const item = document.createElement("li");
  item.className = "case-list__item";
  item.dataset.id = properties.id;
  const name = document.createElement("strong");
  name.textContent = nameOf(properties);
  const when = document.createElement("span");
  when.className = "hint";
  when.textContent = days.format(new Date(properties.submittedAt));
  const badge = document.createElement("span");
  const closed = properties.status === "closed";
  badge.className = `badge badge--${closed ? "done" : "busy"}`;
  badge.textContent = closed ? list.dataset.closed : list.dataset.open;
  item.append(name, when, badge);
  return item;
}

function wanted(feature) {
  const topic = filter.elements.onderwerp.value;
  const state = filter.elements.stand.value;
  return (!topic || feature.properties.category === topic) && (!state || feature.properties.status === state);
}

function showList(chosen) {
  list.replaceChildren(...chosen.slice(0, shown).map(line));
  more.hidden = chosen.length <= shown;
  count.textContent = chosen.length === 0 ? count.dataset.none
    : chosen.length === 1 ? count.dataset.one
      : count.dataset.text.replace("{n}", new Intl.NumberFormat(list.dataset.language).format(chosen.length));
}

function open(feature) {
  const item = list.querySelector(`[data-id="${CSS.escape(String(feature.properties.id))}"]`) ?? (() => {
    const made = line(feature);
    list.prepend(made);
    return made;
  })();
  list.querySelector("[aria-current]")?.removeAttribute("aria-current");
  item.setAttribute("aria-current", "true");
  item.tabIndex = -1;
  item.scrollIntoView({ block: "nearest" });
  item.focus({ preventScroll: true });
}

function draw() {
  const chosen = cases.filter(wanted);
  clusters.replace(chosen.map((feature) => ({
    position: feature.geometry.coordinates,
    kind: feature.properties.status,
    title: `${nameOf(feature.properties)}, ${days.format(new Date(feature.properties.submittedAt))}`,
    onOpen: () => open(feature),
  })));
  showList(chosen);
}

async function load() {
  const turn = (asked += 1);
  const box = map.getBounds().pad(0.1);
  const clamp = (value, most) => Math.max(-most, Math.min(most, value)).toFixed(5);
  const bbox = [clamp(box.getWest(), 180), clamp(box.getSouth(), 90), clamp(box.getEast(), 180), clamp(box.getNorth(), 90)];
  try {
    const answer = await fetch(`/api/insight/v1/public-cases?bbox=${bbox.join(",")}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const collection = await answer.json();
    if (turn !== asked) return;
    cases = collection.features.sort((a, b) => (a.properties.submittedAt < b.properties.submittedAt ? 1 : -1));
    shown = STEP;
    draw();
    element.dataset.points = String(cases.length);
  } catch {
    if (turn === asked) count.textContent = count.dataset.away;
  }
}

map.on("moveend", () => {
  clearTimeout(timer);
  timer = setTimeout(load, 250);
});
filter.addEventListener("change", () => {
  shown = STEP;
  const query = new URLSearchParams(new FormData(filter));
  history.replaceState(null, "", `?${query}`);
  draw();
});
filter.addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", () => {
  const first = list.children.length;
  shown += STEP;
  draw();
  const next = list.children[first];
  if (next) {
    next.tabIndex = -1;
    next.focus();
  }
});
load();
