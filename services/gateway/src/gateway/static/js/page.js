// Small things on every page. Everything works without this file too.

/** Move the focus to what needs attention after a page or a part of it was replaced. */
export function focusAttention(root = document) {
  const wanted = root.querySelector("[data-focus]");
  if (wanted) wanted.focus();
}

/** Tell how much room is left in a text, only when it gets tight. */
function countLetters(field) {
  const line = document.querySelector(`[data-count-for="${field.id}"]`);
  if (!line) return;
  const most = Number(field.dataset.count);
  const show = () => {
    const left = most - field.value.length;
    line.textContent = left <= 100 ? line.dataset.text.replace("{n}", String(left)) : "";
    line.classList.toggle("field__count--over", left < 0);
  };
  field.addEventListener("input", show);
  show();
}

function copyOnPress(button) {
  button.addEventListener("click", async () => {
    const label = button.querySelector("span");
    const before = label.textContent;
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 3000);
  });
}

/** A second press while the first is under way does nothing; the server would give the same answer. */
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sending) event.preventDefault();
    form.dataset.sending = "yes";
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  // Coming back with the back button shows the form as it was left.
  window.addEventListener("pageshow", () => {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  });
}

document.querySelectorAll("textarea[data-count]").forEach(countLetters);
document.querySelectorAll("[data-copy]").forEach(copyOnPress);
document.querySelectorAll("form[data-once]").forEach(sendOnce);
focusAttention();
