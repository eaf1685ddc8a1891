// The desk: keyboard shortcuts, next and previous in the list you came from, focus after a part was replaced.
import { focusAttention } from "./page.js";

const dialog = document.getElementById("sneltoetsen");
const LIST = "desk:list";
const BACK = "desk:back";

const rows = () => [...document.querySelectorAll("[data-row]")];

/** Remember which cases the list showed, so that the detail can lead to the next one and back to this place. */
function rememberList() {
  if (!document.querySelector("[data-worklist]")) return;
  sessionStorage.setItem(LIST, JSON.stringify(rows().map((row) => row.dataset.number)));
  sessionStorage.setItem(BACK, location.pathname + location.search);
  const seen = sessionStorage.getItem("desk:seen");
  const row = rows().find((candidate) => candidate.dataset.number === seen);
  if (row) {
    mark(row);
    row.scrollIntoView({ block: "center" });
  }
}

function showNeighbours() {
  const box = document.querySelector("[data-case]");
  if (!box) return;
  const number = box.dataset.case;
  sessionStorage.setItem("desk:seen", number);
  const back = sessionStorage.getItem(BACK);
  if (back) document.querySelector("[data-back]").href = back;
  const list = JSON.parse(sessionStorage.getItem(LIST) ?? "[]");
  const at = list.indexOf(number);
  if (at < 0) return;
  const place = box.querySelector("[data-neighbours]");
  for (const [selector, other] of [["[data-previous]", list[at - 1]], ["[data-next]", list[at + 1]]]) {
    const link = place.querySelector(selector);
    if (other) link.href = `/behandelen/${other}`;
    else link.removeAttribute("href");
  }
  place.hidden = false;
}

function mark(row) {
  document.querySelector("[data-row][aria-current]")?.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
}

function move(step) {
  const list = rows();
  if (list.length) {
    const now = list.findIndex((row) => row.hasAttribute("aria-current"));
    const next = list[Math.max(0, Math.min(list.length - 1, now + step))];
    mark(next);
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
    return;
  }
  document.querySelector(step > 0 ? "[data-next][href]" : "[data-previous][href]")?.click();
}

function goTo(key) {
  const field = document.querySelector(`[data-key="${key}"]`);
  if (!field) return;
  field.focus();
  field.scrollIntoView({ block: "center" });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => document.querySelector("[data-search]")?.focus(),
  u: () => document.querySelector("[data-back]")?.click(),
  s: () => goTo("s"),
  n: () => goTo("n"),
  a: () => goTo("a"),
  c: () => goTo("c"),
  "?": () => dialog.showModal(),
};

const typing = (element) => element.closest("input, textarea, select, [contenteditable], .map") !== null;

document.addEventListener("keydown", (event) => {
  if (dialog?.dataset.keys !== "on" || dialog.open) return;
  if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("keydown", (event) => {
  // Escape leaves a field, so that the shortcuts work again.
  if (event.key === "Escape" && typing(event.target) && !dialog?.open) event.target.blur();
});

document.querySelector("[data-show-keys]")?.addEventListener("click", () => dialog.showModal());

// htmx tells this on the element that was swapped in.
document.addEventListener("htmx:after:settle", () => {
  showNeighbours();
  focusAttention();
  document.dispatchEvent(new CustomEvent("desk:replaced"));
});

rememberList();
showNeighbours();
