// A text field that offers matches while somebody types (the ARIA 1.2 combobox pattern).
// Without this file the field is an ordinary one and the server reads what was typed.

let serial = 0;

function start(box) {
  const input = box.querySelector("input");
  const source = box.dataset.combobox;
  const id = `options-${(serial += 1)}`;
  const list = document.createElement("ul");
  list.id = id;
  list.className = "combobox__list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.querySelector("label").textContent);
  list.hidden = true;
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  box.append(list, said);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", id);
  let active = -1;
  let timer;
  let asked = 0;

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    const options = [...list.children];
    active = (index + options.length) % options.length;
    options.forEach((option, position) => option.setAttribute("aria-selected", String(position === active)));
    input.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({ block: "nearest" });
  }

  function choose(option) {
    input.value = option.textContent;
    close();
    input.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true }));
  }

  function show(names) {
    list.replaceChildren(...names.map((name, position) => {
      const option = document.createElement("li");
      option.id = `${id}-${position}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.textContent = name;
      return option;
    }));
    active = -1;
    list.hidden = names.length === 0;
    input.setAttribute("aria-expanded", String(names.length > 0));
    said.textContent = names.length ? box.dataset.found.replace("{n}", String(names.length)) : box.dataset.none;
  }

  async function look() {
    const text = input.value.trim();
    if (text.length < 2) return close();
    const turn = (asked += 1);
    try {
      const answer = await fetch(`${source}?q=${encodeURIComponent(text)}`);
      const names = await answer.json();
      if (turn === asked && document.activeElement === input) show(names);
    } catch {
      close(); // Typing the whole name works as well.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 200);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") { event.preventDefault(); mark(active + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); mark(active < 0 ? -1 : active - 1); }
    else if (event.key === "Enter" && active >= 0) { event.preventDefault(); choose(list.children[active]); }
    else if (event.key === "Escape") { event.preventDefault(); close(); }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(option);
  });
  input.addEventListener("blur", close);
}

document.querySelectorAll("[data-combobox]").forEach(start);
