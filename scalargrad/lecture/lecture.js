"use strict";
const { template, chapters } = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const names = Object.keys(chapters), title = document.title;
const pageOf = (name) => chapters[name].page ?? template.replace(/\{\{(\w+)\}\}/g, (_, part) => chapters[name][part]);
let current = "";

function frameOf(name) { // the circuit of a chapter, made when it is opened for the first time, and kept as it was left
  const place = $(name).querySelector(".circuit");
  if (place.firstChild) return place.firstChild;
  const frame = document.createElement("iframe");
  frame.title = headingOf(name);
  frame.addEventListener("load", () => {
    frame.contentDocument.addEventListener("keydown", keys, true);
    enter();
  });
  frame.srcdoc = pageOf(name);
  place.append(frame);
  return frame;
}

function enter() { // so that the arrow keys step; a link to a chapter has taken the focus away
  const frame = $(current).querySelector("iframe");
  if ([frame, document.body].includes(document.activeElement)) frame.contentWindow.focus();
}

const headingOf = (name) => $(`${name}-title`).lastChild.textContent.trim();
document.body.classList.add("turning"); // one chapter at a time, its heading in the place of the lecture's

function show(name) {
  current = name;
  const at = names.indexOf(name);
  for (const other of names) $(other).hidden = other !== name;
  for (const link of $("contents").querySelectorAll("a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  $("title").replaceChildren(...$(`${name}-title`).cloneNode(true).childNodes);
  $("place").textContent = `${at + 1} / ${names.length}`;
  $("previous").disabled = at === 0;
  $("next").disabled = at === names.length - 1;
  document.title = `${headingOf(name)} \u00b7 ${title}`;
  list(false);
  frameOf(name).focus({ preventScroll: true });
  scrollTo(0, 0);
}

function turn(count) { // to the chapter that is so many further on
  const name = names[names.indexOf(current) + count];
  if (name) location.hash = name;
}

function list(shown) {
  $("contents").hidden = !shown;
  $("list").setAttribute("aria-expanded", shown);
  if (shown) $("contents").querySelector("[aria-current]").focus();
}

function keys(event) {
  const count = { PageUp: -1, PageDown: 1 }[event.key];
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (count) event.preventDefault(), turn(count);
  if (event.key === "Escape" && !$("contents").hidden) list(false), $("list").focus();
}

const fromLink = () => show(names.includes(location.hash.slice(1)) ? location.hash.slice(1) : names[0]);

$("list").addEventListener("click", () => list($("contents").hidden));
$("previous").addEventListener("click", () => turn(-1));
$("next").addEventListener("click", () => turn(1));
document.addEventListener("keydown", keys);
window.addEventListener("hashchange", fromLink);
window.addEventListener("load", enter);
fromLink();
