// Photos go up as soon as they are chosen, one after the other; each can be removed or tried again.
// A small picture of each stays in this tab only, so that a reload still shows it.

const KEY = "photo:";
const EDGE = 320;

async function makePreview(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.7);
  } catch {
    return null; // The browser cannot show this kind (HEIC); the server can.
  }
}

function showPreviews(root) {
  for (const place of root.querySelectorAll("[data-preview]")) {
    const source = sessionStorage.getItem(KEY + place.dataset.preview);
    if (!source || place.querySelector("img")) continue;
    const picture = document.createElement("img");
    picture.src = source;
    picture.alt = "";
    place.replaceChildren(picture);
  }
}

function keepPreview(id, source) {
  if (!source) return;
  try {
    sessionStorage.setItem(KEY + id, source);
  } catch {
    // Storage is full or off: the name of the photo is shown without a picture.
  }
}

function send(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", "/api/intake/v1/uploads");
    request.responseType = "json";
    request.timeout = 120000;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => (request.status === 201 ? resolve(request.response) : reject(request.status)));
    request.addEventListener("error", () => reject(0));
    request.addEventListener("timeout", () => reject(0));
    request.send(body);
  });
}

function start(box) {
  const input = box.querySelector("input[type=file]");
  const list = box.querySelector("[data-photo-list]");
  const status = box.querySelector("[data-photo-status]");
  const choose = box.querySelector("[data-photo-choose]");
  const form = box.closest("form");
  const most = Number(box.dataset.most);
  let queue = Promise.resolve();
  let busy = 0;

  const say = (text, name) => { status.textContent = text.replace("{name}", name); };
  const count = () => list.children.length;
  const update = () => { choose.hidden = count() >= most; };

  function line(file) {
    const item = document.createElement("li");
    item.className = "photo photo--busy";
    const picture = document.createElement("span");
    picture.className = "photo__picture";
    const name = document.createElement("span");
    name.className = "photo__name";
    name.textContent = file.name;
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    item.append(picture, name, bar);
    list.append(item);
    return item;
  }

  function fail(item, file) {
    item.className = "photo photo--failed";
    item.querySelector("progress")?.remove();
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "photo__retry";
    retry.textContent = box.dataset.retry;
    retry.addEventListener("click", () => { item.remove(); add(file); update(); });
    item.append(retry);
    say(box.dataset.failed, file.name);
  }

  async function upload(file, item) {
    try {
      say(box.dataset.busy, file.name);
      const preview = makePreview(file);
      const answer = await send(file, (share) => { item.querySelector("progress").value = share; });
      keepPreview(answer.id, await preview);
      const known = new FormData();
      known.append("id", answer.id);
      known.append("name", file.name);
      known.append("description", form.elements.description?.value ?? "");
      const response = await fetch("/melden/fotos", { method: "POST", body: known });
      if (!response.ok) throw new Error(String(response.status));
      const holder = document.createElement("template");
      holder.innerHTML = await response.text();
      const made = holder.content.firstElementChild;
      item.replaceWith(made);
      showPreviews(made.parentElement);
      say(box.dataset.done, file.name);
    } catch {
      fail(item, file);
    }
  }

  function add(file) {
    const item = line(file);
    busy += 1;
    queue = queue.then(() => upload(file, item)).finally(() => { busy -= 1; update(); });
  }

  input.addEventListener("change", () => {
    const files = [...input.files];
    // Cleared at once, so that the form does not send the same files again.
    input.value = "";
    for (const file of files) {
      if (count() >= most) {
        status.textContent = box.dataset.full;
        break;
      }
      add(file);
    }
    update();
  });

  // Somebody who presses Next while a photo is on its way waits for it, and loses nothing.
  form.addEventListener("submit", (event) => {
    if (!busy) return;
    event.preventDefault();
    const button = event.submitter;
    queue.then(() => form.requestSubmit(button ?? undefined));
  });

  list.addEventListener("click", (event) => {
    const button = event.target.closest(".photo__remove");
    if (button) sessionStorage.removeItem(KEY + button.value);
  });
}

document.querySelectorAll("[data-photos]").forEach(start);
showPreviews(document);
