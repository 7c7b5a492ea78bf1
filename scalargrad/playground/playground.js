// The page: what is typed goes to the engine in its worker, and what comes back is shown.  The link says what is typed.

const $ = id => document.getElementById(id);
const { words, bytes } = JSON.parse($("words").textContent);
const views = [...$("tabs").children].map(tab => tab.dataset.view);
const panel = view => $(`panel-${view}`);
const carriers = [...document.querySelectorAll("script[type='application/octet-stream']")]; // files, where all is one
const alone = carriers.length > 0;
const fill = (text, parts) => text.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);

let worker, ready = false, failed = "", loaded = 0;
let asked = 0, answered = 0; // the numbers of the last question, and of the last one that is done with

// ---- the engine ----

function start() {
  worker?.terminate();
  [ready, failed, loaded] = [false, "", 0];
  worker = alone ? new Worker(address("worker.js")) : new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = event => hear({ failed: event.message || "worker.js" });
  worker.postMessage({ carried: Object.fromEntries(alone ? carriers.map(({ id }) => [id, bytesOf(id)]) : []) });
  if (answered < asked) worker.postMessage(question());
  show();
}

function bytesOf(id) {
  return Uint8Array.from(atob($(id).textContent), letter => letter.charCodeAt(0));
}

function address(id) {
  return URL.createObjectURL(new Blob([bytesOf(id)], { type: "text/javascript" }));
}

function hear(said) {
  if (said.number === asked && said.done) rest();
  else if (said.number === asked) place(said);
  else if (said.bytes) loaded += said.bytes;
  else if (said.ready) ready = true;
  else if (said.failed) failed = said.failed;
  else if (said.broken) {
    $("problem").textContent = fill(words.crashed, { reason: said.broken });
    cancel();
  }
  show();
}

function cancel() {
  rest();
  start();
}

// Nothing is computed any more.
function rest() {
  answered = asked;
  for (const view of views) panel(view).removeAttribute("aria-busy");
}

// What goes on, in words and as a bar.
function show() {
  const busy = answered < asked;
  $("cancel").disabled = !busy;
  $("loading").hidden = ready || failed;
  $("loading").max = bytes;
  $("loading").value = loaded;
  const about = failed ? fill(words.failed, { reason: failed }) : ready ? (busy ? words.running : "") : words.loading;
  if ($("status").textContent !== about) $("status").textContent = about;
}

// ---- a question, which the link says ----

function link() {
  return "#" + new URLSearchParams({ expression: $("expression").value, numbers: $("numbers").value, view: chosen() });
}

function submit(event) {
  event?.preventDefault();
  if (location.hash !== link()) history.pushState(null, "", link());
  ask();
}

function question() {
  const lang = document.documentElement.lang;
  return { number: asked, expression: $("expression").value, numbers: $("numbers").value, lang };
}

function ask() {
  asked += 1;
  $("problem").textContent = "";
  $("expression").removeAttribute("aria-invalid");
  for (const view of views) panel(view).setAttribute("aria-busy", "true");
  if (failed) start();
  else worker?.postMessage(question()); // without a worker, once there is one
  show();
}

// Without an expression in the link it is that of the first example.
function fromLink() {
  const [said, first] = [location.hash.slice(1), $("examples").options[1].value].map(
    text => Object.fromEntries(new URLSearchParams(text)));
  if (views.includes(said.view)) choose(said.view);
  const { expression, numbers = "" } = "expression" in said ? said : first;
  $("expression").value = expression;
  $("numbers").value = numbers;
  grow();
  ask();
}

async function share() {
  history.replaceState(null, "", link());
  const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  $("status").textContent = copied ? words.copied : words["not copied"];
}

// ---- the answer ----

function place({ view, text, refused }) {
  if (view === "expression") {
    $("problem").textContent = text;
    $("expression").setAttribute("aria-invalid", "true");
    $("answer").hidden = true;
    return;
  }
  $("answer").hidden = false;
  const shown = refused ? written(text, "problem") : (PLACED[view] ?? written)(text);
  panel(view).replaceChildren(...[shown].flat());
  panel(view).removeAttribute("aria-busy");
}

const PLACED = {
  page: text => [live(text), saving(text, "text/html", "circuit.html")],
  circuit: text => [drawn(text), saving(text, "image/svg+xml", "circuit.svg")],
};

function written(text, kind = "text") {
  return made("pre", { className: kind, textContent: text, tabIndex: 0 });
}

function live(text) {
  const frame = made("iframe", { title: words["view page"] });
  if (alone) {
    frame.setAttribute("sandbox", "allow-scripts");
    frame.srcdoc = text;
  } else {
    frame.src = "frame.html";
    const handed = { text, title: frame.title };
    frame.addEventListener("load", () => frame.contentWindow.postMessage(handed, location.origin), { once: true });
  }
  return frame;
}

function drawn(text) {
  const picture = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const box = made("div", { className: "picture", tabIndex: 0 });
  box.append(document.importNode(picture, true));
  return box;
}

function saving(text, type, name) {
  const button = made("button", { type: "button", textContent: fill(words.save, { name }) });
  button.addEventListener("click", () => {
    const href = URL.createObjectURL(new Blob([text], { type }));
    made("a", { href, download: name }).click();
    URL.revokeObjectURL(href);
  });
  return button;
}

function made(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

// ---- tabs and keys ----

function chosen() {
  return views.find(view => !panel(view).hidden);
}

function choose(view) {
  for (const tab of $("tabs").children) {
    const on = tab.dataset.view === view;
    tab.setAttribute("aria-selected", on);
    tab.tabIndex = on ? 0 : -1;
    panel(tab.dataset.view).hidden = !on;
  }
}

function turn(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1, Home: -views.indexOf(chosen()), End: -1 - views.indexOf(chosen()) }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  choose(views.at((views.indexOf(chosen()) + step) % views.length));
  $(`tab-${chosen()}`).focus();
}

function grow() {
  const lines = $("expression").value.split("\n").length;
  $("expression").rows = Math.min(lines, 12);
}

function listen() {
  $("form").addEventListener("submit", submit);
  $("cancel").addEventListener("click", cancel);
  $("share").addEventListener("click", share);
  $("expression").addEventListener("input", grow);
  $("expression").addEventListener("keydown", event => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  });
  $("examples").addEventListener("change", () => {
    if ($("examples").value) location.hash = `${$("examples").value}&view=${chosen()}`;
    $("examples").selectedIndex = 0;
  });
  $("tabs").addEventListener("click", event => event.target.dataset.view && choose(event.target.dataset.view));
  $("tabs").addEventListener("keydown", turn);
  $("languages").addEventListener("click", event => {
    if (event.target.href) event.target.hash = link();
  });
  window.addEventListener("popstate", fromLink); // also after the link was typed, or an example chosen
}

// ---- the first visit keeps everything for later ones, without a network ----

async function keep() {
  try {
    const { installing } = await navigator.serviceWorker.register("service-worker.js");
    await new Promise(done => {
      if (!installing) done();
      installing?.addEventListener("statechange", () => /activated|redundant/.test(installing.state) && done());
    });
  } catch { /* no service worker here: a network is needed each time */ }
}

if (alone || location.protocol.startsWith("http")) {
  choose(views[0]);
  listen();
  fromLink();
  (alone ? Promise.resolve() : keep()).then(start);
}
