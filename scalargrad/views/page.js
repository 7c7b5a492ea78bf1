"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const say = (phrase, parts = {}) => data.text[phrase].replace(/\{(\w+)\}/g, (_, name) => parts[name] ?? "");
const make = (tag, kind, ...inside) => {
  const element = document.createElement(tag);
  element.className = kind;
  element.append(...inside.flatMap((part) => typeof part === "string" && kind !== "unbroken" ? unbroken(part) : part));
  return element;
};
const unbroken = (text) => text.split(/(\S*\de-\d+)/).map((part, i) => i % 2 ? make("span", "unbroken", part) : part); // no line ends within 1e-09
const pictures = [...document.querySelectorAll(".circuit")], programs = [...document.querySelectorAll(".program")];
const original = Object.fromEntries([...document.querySelectorAll(".circuit g[id]")].map((g) => [g.id, g.getAttribute("class")]));
for (const circuit of data.circuits) { // every gate with its wire out, and every wire into a gate
  circuit.parts = circuit.steps.flatMap((step) => step.phase === "forward" ? [[step.gate, step], [step.wire, step]] : step.edge ? [[step.edge, step]] : []);
}
let shown = 0, circuit = data.circuits[0], at = 0, timer = 0, quiz = null, exploring = false;
const furthest = () => circuit.failure?.at ?? circuit.steps.length; // where a gate has no result, there is no further step

// ---- the picture: what is known, what has been passed, what is lit; nothing in it moves ----

function paint(known, grads, forth, back, lit) {
  for (const value of circuit.values) {
    const [title, , ...texts] = value.texts ??= $(value.box).querySelectorAll("title,text");
    const shown = [known.has(value.box) ? value.data : "\u00b7", grads.get(value.box) ?? (quiz ? "?" : "\u00b7")];
    title.textContent = [title.textContent.split("\n")[0], ...shown].join("\n");
    texts.forEach((text, i) => (text.textContent = few(shown[i])));
  }
  for (const [id, { gate, edge }] of circuit.parts) {
    const state = back.has(id) ? "back" : !forth.has(gate) ? "waiting" : edge && quiz ? (lit[id] ? "back unasked" : "forth unasked") : "forth";
    $(id).setAttribute("class", `${original[id]} ${state} ${lit[id] ?? ""}`);
  }
  for (const { box } of circuit.values) {
    const state = grads.has(box) && !carried() ? "back" : known.has(box) ? "forth" : "";
    $(box).setAttribute("class", `${original[box]} ${state} ${lit[box] ?? ""}`);
  }
  bringIntoView(Object.keys(lit).map($));
}

function few(text) { // with as many of its digits as have room in the picture; all stand there when one points at it
  let shown = text;
  for (let digits = 5; shown.length > circuit.letters; digits--) shown = numberText(Number(text), digits);
  return shown;
}

function bringIntoView(elements) { // only what is not in view already is moved, so that a picture that fits stays still
  const boxes = elements.map((element) => element.getBoundingClientRect()), frame = $("picture").getBoundingClientRect();
  const way = (low, high) => {
    const least = Math.min(...boxes.map((box) => box[low])), most = Math.max(...boxes.map((box) => box[high]));
    return least >= frame[low] && most <= frame[high] ? 0 : (least + most - frame[low] - frame[high]) / 2;
  };
  const calm = timer || matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (boxes.length) $("picture").scrollBy({ behavior: calm ? "instant" : "smooth", left: way("left", "right"), top: way("top", "bottom") });
}

function offerWhole() { // a button for a circuit that does not fit its frame
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = $("picture");
  $("whole").hidden = scrollWidth <= clientWidth && scrollHeight <= clientHeight && !$("picture").matches(".whole");
}

// ---- one step ----

function go(step, keep = false) {
  at = Math.max(0, Math.min(furthest(), step));
  if (!keep) pulled = null;
  const { steps, turn, starts } = circuit, reached = exploring ? furthest() : at, failed = reached === circuit.failure?.at;
  const now = exploring && !failed ? undefined : steps[reached - 1], known = new Set(circuit.leaves);
  const grads = new Map(reached > turn || reached === steps.length ? Object.entries(starts) : []), forth = new Set(), back = new Set();
  for (const step of steps.slice(0, reached)) {
    if (failed && step === now) continue;
    if (step.phase === "forward") known.add(step.node), forth.add(step.gate);
    else grads.set(step.parent, step.after), back.add(step.edge).add(step.wire);
  }
  carryForward(grads, back);
  const lit = {};
  if (now) {
    for (const id of failed ? [] : now.lit) lit[id] = `lit lit-${now.phase}`;
    if (now.phase === "backward") lit[now.node] = "sends";
  }
  if (failed) lit[now.gate] = "lit refuses";
  else if (exploring) lit[chosenHere().box] = "lit chosen";
  paint(known, grads, forth, back, lit);
  $("step").replaceChildren(...(failed ? refusal(now) : now ? (now.phase === "forward" ? forward : backward)(now) : exploring ? about() : opening()));
  if (exploring) showDescent();
  if (isInput(exploring ? chosenHere() : pulled)) $("step").prepend(slopePlot(exploring ? chosen : pulled));
  if (reached === steps.length && !exploring) $("step").append(note("page result"), chips(circuit.results));
  $("spoken").textContent = failed ? circuit.failure.text : exploring ? `${chosen.name}.grad = ${chosen.grad}` : now ? say(`page spoken ${now.phase}`, now) : say("page spoken start", { inputs: circuit.inputs.join(", ") });
  $("step").scrollTop = 0;
  light(now);
  $("slider").value = at;
  $("count").textContent = `${at} / ${steps.length}`;
  $("slider").setAttribute("aria-valuetext", $("count").textContent);
  for (const id of ["first", "prev"]) $(id).disabled = at === 0;
  for (const id of ["next", "last"]) $(id).disabled = at === furthest();
  if (at === furthest()) stop();
  if (!keep) link();
}

function link() {
  try { history.replaceState(null, "", address()); } catch { /* inside a notebook */ }
}

const MAX_LISTED = 12, shortened = (texts) => texts.length > MAX_LISTED ? [...texts.slice(0, MAX_LISTED), `... (${texts.length})`] : texts;
const chips = (texts) => make("ul", "chips", ...texts.map((text) => make("li", "", text)));
const kicker = (phase, gate) =>
  make("p", `kicker ${phase}`, make("i", `line ${phase}`), say(`page ${phase} step`, { at, of: circuit.steps.length }), make("span", "formula", gate));
const note = (...said) => make("p", "note", say(...said));
const pattern = (now) => make("p", "note pattern", now.pattern);

const opening = () => [make("p", "kicker", say("page start")), chips(circuit.inputs), note("page keys"),
  ...(inputsOf(circuit).some((value) => !value.fixed) ? [note("page change")] : []), ...(circuit.fixed ?? []).map((text) => make("p", "note", text))];

const refusal = (now) => [kicker("forward", `${now.name} = ${now.formula}`), make("p", "refusal", circuit.failure.text), note("page stops")];

const forward = (now) => [kicker("forward", ""),
  make("div", "sum", make("span", "", now.name), make("span", "", `= ${now.formula}`), make("span", ""), make("span", "", `= ${now.numbers}`),
    make("span", ""), make("span", "", "= ", make("b", "", now.output))),
  note("page locals"), chips(now.slopes), pattern(now)];

function backward(now) {
  const rows = { number: [now.upstream, "\u00d7", now.local, "=", now.downstream], which: [`${now.name}.grad`, "", now.slope, "", say("page to", now)],
    what: [say("page upstream"), "", say("page local"), "", say("page downstream")] };
  const product = make("div", "product", ...Object.entries(rows).flatMap(([kind, row]) => row.map((text) => make("span", kind, text))));
  const begins = at === circuit.turn + 1 ? [note("page begins", { starts: circuit.beginning })] : [];
  return [kicker("backward", `${now.name} = ${now.formula}`), ...begins, product, ledger(now), ...(at < circuit.steps.length ? [pattern(now)] : [])];
}

function ledger(now) {
  const ways = circuit.steps.flatMap((step, i) => (step.phase === "backward" && step.parent === now.parent && step.parent ? [[step, i]] : []));
  const start = circuit.starts[now.parent], table = make("table", "ledger"), row = (kind, ...cells) => table.append(make("tr", kind, ...cells.map((c) => make("td", "", c))));
  if (ways.length + (start ? 1 : 0) < 2) return make("p", "formula", say("first", { ...now, parent: now.to }));
  if (start) row("", say("page upstream"), start);
  for (const [step, i] of ways) {
    row(i === at - 1 ? "now" : i >= at ? "to-come" : "", say("page via", { formula: `${step.name} = ${step.formula}` }), i < at ? step.downstream : "\u00b7");
  }
  row("total", `${now.to}.grad`, now.adds_up ? `${now.before} + ${now.added} = ${now.after}` : now.after);
  return table;
}

function light(now) {
  const program = programs[shown], lines = program?.querySelectorAll("span") ?? [];
  lines.forEach((line) => line.classList.remove("forward", "backward"));
  const lit = (now?.lines ?? []).map((i) => lines[i]);
  lit.forEach((line) => line.classList.add(now.phase));
  if (lit.length) program.scrollTop = lit[0].offsetTop - program.clientHeight / 2 + 10;
  else if (program) program.scrollTop = lines[circuit.begin].offsetTop - 8; // below the helpers
}

// ---- playing, and the other circuit ----

function stop() {
  clearInterval(timer);
  timer = 0;
  $("play").classList.remove("playing");
  $("play").setAttribute("aria-label", say("page play"));
}

function play() {
  if (timer) return stop();
  if (at === furthest()) go(0);
  if (!circuit.steps.length) return;
  timer = setInterval(() => go(at + 1), 1400);
  $("play").classList.add("playing");
  $("play").setAttribute("aria-label", say("page pause"));
}

function choose(which) {
  const before = circuit.steps[at - 1], final = at && at === circuit.steps.length, same = which === shown;
  shown = which;
  circuit = data.circuits[which];
  if (exploring && !circuit.slopes) circuit.behind = true; // what the text of the steps does not need was never computed
  catchUp(circuit);
  pictures.forEach((picture, i) => (picture.hidden = i !== which));
  programs.forEach((program, i) => (program.hidden = i !== which));
  [...$("circuits").children].forEach((button, i) => button.setAttribute("aria-pressed", i === which));
  $("summary").textContent = circuit.summary;
  $("composite-key").lastChild.textContent = say(which ? "page inside key" : "page composite key");
  $("composite-key").firstChild.className = which ? "ring dashed" : "ring";
  $("slider").max = circuit.steps.length;
  offerWhole();
  document.querySelector(".track .forward").style.flex = circuit.turn;
  document.querySelector(".track .backward").style.flex = circuit.steps.length - circuit.turn;
  const equal = circuit.steps.map((step) => before && step.phase === before.phase && step.owner === before.owner);
  if (quiz && circuit.failure) mode("walk");
  else if (quiz) ask(true);
  else go(same ? at : final ? circuit.steps.length : 1 + equal.lastIndexOf(true));
}

const MODES = ["walk", "quiz", "explore"]; // in the order of their buttons

function mode(name) {
  stop();
  quiz = name === "quiz" ? {} : null;
  exploring = name === "explore";
  [...$("modes").children].forEach((button, i) => button.setAttribute("aria-pressed", MODES[i] === name));
  $("step").hidden = Boolean(quiz);
  for (const id of ["question", "answers"]) $(id).hidden = !quiz;
  $("descent").hidden = $("ahead").hidden = !exploring;
  $("player").hidden = name !== "walk";
  $("code").hidden = name !== "walk" || !programs.length;
  $("panes").classList.toggle("alone", name === "walk" && !programs.length);
  choosable();
  choose(shown);
}

// ---- controls ----

const controls = { first: () => go(0), prev: () => go(at - 1), next: () => go(at + 1), last: () => go(Infinity), play, check, hint,
  tell: () => answered("", "tell try"), again: () => ask(true) };
for (const [id, action] of Object.entries(controls)) $(id).addEventListener("click", () => (id in { first: 1, prev: 1, next: 1, last: 1 } && stop(), action()));
$("slider").addEventListener("input", () => (stop(), go(Number($("slider").value))));
$("answer").addEventListener("keydown", (event) => event.key === "Enter" && check());
[...$("circuits").children].forEach((button, i) => button.addEventListener("click", () => choose(i)));
[...$("modes").children].forEach((button, i) => button.addEventListener("click", () => mode(MODES[i])));
$("whole").addEventListener("click", () => $("whole").setAttribute("aria-pressed", $("picture").classList.toggle("whole")));
document.querySelectorAll(".composite").forEach((gate) => gate.addEventListener("click", () => choose(1 - shown)));

document.addEventListener("keydown", (event) => {
  if (quiz || exploring || event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "INPUT") return;
  const action = { ArrowLeft: "prev", ArrowRight: "next", Home: "first", End: "last", " ": event.target.closest?.("button") ? "" : "play" }[event.key];
  if (!action) return;
  event.preventDefault();
  $(action).click();
});

function fromLink() {
  const [, step, which, numbers] = /^#(\d+)(?:\.(\d+))?((?:&[^&]*)*)$/.exec(location.hash) ?? [, 0, 0, ""];
  if (data.circuits[which ?? 0] && Number(which ?? 0) !== shown) choose(Number(which ?? 0));
  changesFrom(numbers);
  go(Number(step), true);
}
