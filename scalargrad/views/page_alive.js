// Alive: the number of an input is typed or dragged, forward and backward run again, and all that is said follows.

const changed = new Map(); // {key of an input: its number now}; an input has the same key in both circuits
const circuitsAlive = data.circuits.filter((one) => one.rows);
for (const one of circuitsAlive) {
  one.rows = one.rows.map((row) => isGate(row) ? { ...row, gate: gates[row.gate] } : Number(row));
  one.picture = pictures[data.circuits.indexOf(one)];
}
const inputsOf = (one) => one.rows ? one.values.filter((value) => value.key !== undefined) : [];
const fixed = new Set(circuitsAlive.flatMap((one) => inputsOf(one).filter((value) => value.fixed).map((value) => value.key)));
const recorded = (value, one = circuit) => one.rows[value.row];
const present = (value) => changed.get(value.key) ?? recorded(value);

const sentBy = new Map(); // {gate and place: the edge with what is said of it}

// ---- forward and backward again, and the texts of the steps: as in steps.py and patterns.py ----

const numbersNow = (one) => new Map(inputsOf(one).map((value) => [value.row, changed.get(value.key) ?? one.rows[value.row]]));

function resultAt(one, given) { // the roots, each times its upstream, added up; nan where a gate has no result
  const z = [];
  try {
    for (const [i, row] of one.rows.entries()) z.push(given.get(i) ?? (isGate(row) ? row.gate.output(...numbersOf(row, z)) : row));
  } catch (error) {
    if (!(error instanceof NoNumber)) throw error;
    return NaN;
  }
  return one.ups.reduce((sum, [row, up]) => sum + Number(up) * z[row], 0);
}

const REFUSES = {{REFUSES}}, NO_SLOPE = {{NO_SLOPE}}, OVERFLOWS = {{OVERFLOWS}}, SLOPE_OVERFLOWS = {{SLOPE_OVERFLOWS}}; // of gate.py

function runAgain(one) {
  const { rows, steps, turn, values } = one, z = (one.z = []), slopes = (one.slopes = []), given = numbersNow(one);
  one.failure = null;
  one.sources.forEach(([row, name], i) => { one.inputs[i] = `${name} = ${numberText(given.get(row) ?? rows[row])}`; });
  let next = 0;
  for (const [i, row] of rows.entries()) {
    z[i] = given.get(i) ?? row;
    if (!isGate(row) || one.failure) continue;
    const step = steps[next++], xs = numbersOf(row, z);
    let { domain: refusal = REFUSES, overflow = OVERFLOWS } = row.gate;
    try {
      z[i] = row.gate.output(...xs);
      [refusal, overflow] = [row.gate.steep ?? NO_SLOPE, SLOPE_OVERFLOWS];
      slopes[i] = slopesOf(row, z, z[i]);
      sayForward(step, row, xs, z[i], slopes[i]);
    } catch (error) {
      if (!(error instanceof NoNumber)) throw error;
      const reason = error.message === "overflow" ? overflow : refusal;
      one.failure = { at: next, text: refused(row.gate, step.given, xs, reason) };
    }
  }
  for (const value of values) value.data = typeof z[value.row] === "number" ? numberText(z[value.row]) : "";
  if (one.failure) return;
  const gradients = [];
  for (const [row, up] of one.ups) gradients[row] = Number(up);
  for (const step of steps.slice(0, turn)) for (const [place, sent] of step.sent.entries()) sentBy.set(`${step.node} ${place}`, sent);
  next = turn;
  chainRule(rows, gradients, slopes, (edge) => sayBackward(steps[next++], edge));
  for (const value of values) {
    value.gradient = gradients[value.row];
    value.grad = numberText(value.gradient);
  }
  one.sources.forEach(([row, name], i) => { one.results[i] = `${name}.grad = ${numberText(gradients[row])}`; });
}

function refused(gate, given, xs, reason) { // Gate.error
  const shown = xs.map((x, place) => {
    const name = given[place] ?? gate.names[place], text = Number.isFinite(x) ? typed(x) : special(x);
    return given[place] === null && given.includes(name) ? text : `${name} = ${text}`;
  });
  if (shown.length > 4) shown.splice(3, shown.length, say("in all", { count: xs.length }));
  return say(xs.length > 1 ? "page refuse" : "page refuses", { gate: gate.name, inputs: shown.join(say("comma")), reason });
}

function sayForward(step, row, xs, z, slopes) {
  if (step.spelled) {
    const texts = agreeing(row.gate.output, xs, z), held = (text) => text.startsWith("-") ? `(${text})` : text;
    step.numbers = clip(step.spelled.map((part) => typeof part === "string" ? part : part < 0 ? held(texts[~part]) : texts[part]).join(""));
  }
  step.output = numberText(z);
  step.sent = slopes.map((local, k) => ({ ...asItIs(step, step.ways[k], xs, z), pattern: edgeSentence(step, step.ways[k], xs, local) }));
  step.slopes = shortened(slopes.map((local, k) => slopeText(step, step.sent[k], numberText(local))));
  step.pattern = gateSentence(step, xs, slopes);
  step.wires = slopes.map((local) => numberText(local));
}

function sayBackward(step, edge) {
  const after = edge.before + edge.downstream, way = sentBy.get(`${step.node} ${step.place}`);
  const [upstream, local] = agreeing((x, y) => x * y, [edge.upstream, edge.local], edge.downstream);
  const [before, added] = agreeing((x, y) => x + y, [edge.before, edge.downstream], after);
  Object.assign(step, { exact: edge, upstream, local, downstream: numberText(edge.downstream), before, added, after: numberText(after),
    slope: slopeText(step, way, local), rule: slopeText(step, { to: way.to }, way.formula || local), pattern: way.pattern });
}

const clip = (text) => [...text].length <= 60 ? text : `${[...text].slice(0, 27).join("")} ... ${[...text].slice(-27).join("")}`;
const behindD = (name) => data.circuits[0].derivatives.includes(name) ? `(${name})` : name;
const slopeText = (step, way, local) =>
  say("local", { name: behindD(step.name), parent: behindD(way.to), local: (way.formula && way.formula !== local ? `${way.formula} = ` : "") + local + (way.tie ?? "") });

function asItIs(step, way, xs, z) { // an edge with its formula at these numbers: a max or a min says whether inputs tie
  const ties = way.tied ? xs.filter((x) => x === z).length : 0, shared = way.tied?.replace(/2$/, ties);
  if (step.does === "routes" && Number.isNaN(z)) return { ...way, formula: "" };
  if (ties < 2) return way;
  return { ...way, formula: [...shared].length <= 30 ? shared : "", tie: xs[way.place] === z ? say("a tie") : "" };
}

function manner(step, way, xs, local) { // what happens on an edge, where its formula alone does not say
  if (way.kind) return way.kind;
  if (step.does === "picks") return local === 1 ? "picks" : "not picked";
  if (step.does === "routes" && xs.length === 1) return { 1: "passes", "-1": "flips", 0: "off" }[local] ?? "scales";
  if (step.does === "routes") return { 1: "routes", 0: "loses" }[local] ?? (local > 0 && local < 1 ? "ties" : "scales");
  if (step.does === "distributes" && local === 1) return "passes";
  if (step.does === "flips" && local === -1) return "flips";
  return step.does === "switches" && xs.length === 2 && local === xs[1 - way.place] ? "switches" : "scales";
}

function edgeSentence(step, way, xs, local) {
  const other = way.other ?? 1 - way.place;
  return say(`edge ${manner(step, way, xs, local)}`, { parent: way.to, local: numberText(local), other: step.given[other] ?? numberText(xs[other] ?? 0) });
}

function gateSentence(step, xs, slopes) {
  const kinds = slopes.map((local, k) => manner(step, step.ways[k], xs, local)), all = (...some) => kinds.every((kind) => some.includes(kind));
  const sentence = (k) => edgeSentence(step, step.ways[k], xs, slopes[k]);
  if (kinds.length === 1) return sentence(0);
  if (kinds.includes("ties")) return say("ties");
  if (all("routes", "loses")) return say("routes");
  if (all("picks", "not picked")) return say("picks");
  for (const [kind, phrase] of [["passes", "distributes"], ["flips", "flips"], ["switches", "switches"], ["scales", "scales"]]) {
    if (all(kind)) return say(phrase);
  }
  return kinds.length > 2 ? say("differs") : say("both", { first: sentence(0), second: sentence(1) });
}

// ---- a new number for an input ----

function put(value, number) {
  if (Object.is(number, recorded(value))) changed.delete(value.key);
  else changed.set(value.key, number);
}

function change(value, number) {
  put(value, number);
  pulled = value;
  again();
}

function catchUp(one) { // a circuit that is not shown waits until it is
  if (one.behind) {
    one.behind = false;
    runAgain(one);
    for (const value of inputsOf(one)) showInput(one, value);
    for (const step of one.steps.slice(0, one.turn)) showGate(step);
  }
  $("modes").children[MODES.indexOf("quiz")].disabled = Boolean(one.failure);
}

function again() {
  for (const one of circuitsAlive) one.behind = true;
  catchUp(circuit);
  $("reset").disabled = !changed.size;
  if (quiz && !circuit.failure) ask(true);
  else if (quiz) mode("walk");
  else go(at, true);
}

function showGate(step) { // the numbers on the wires into it, and what is said when one points at it
  for (const [place, text] of (step.wires ?? []).entries()) {
    const wire = $(`e${step.node.slice(1)}_${place}`);
    if (wire) fillLabel(wire, text);
  }
  $(step.gate).querySelector("title").textContent = say("gate", step);
}

function fillLabel(wire, text) { // the patch behind a label is as wide as its text
  const label = wire.querySelector("text"), patch = wire.querySelector("rect"), wide = 6 * (few(text).length + .6);
  label.textContent = few(text);
  if (!patch) return;
  patch.setAttribute("x", label.getAttribute("x") - wide / 2);
  patch.setAttribute("width", wide);
}

function showInput(one, value) { // its box, the boxes where it is drawn again, its line of code
  original[value.box] = original[value.box].replace(/ changed$/, "") + (changed.has(value.key) ? " changed" : "");
  for (const box of one.picture.querySelectorAll(".again")) {
    if (box.id.startsWith(`${value.box}_`)) box.querySelectorAll("text")[1].textContent = few(value.data);
  }
  const written = programs[data.circuits.indexOf(one)]?.querySelectorAll("var")[value.number];
  if (written && Number(written.textContent) !== present(value)) written.textContent = typed(present(value));
  $(value.box).setAttribute("aria-valuetext", value.data);
}

// ---- by hand: typed, dragged, with keys ----

const unit = (x) => 10 ** Math.floor(Math.log10(Math.abs(x) || 1) - 2 + 1e-9); // what one pixel, or one key, is worth
const moved = (from, count) => count === 0 ? from : Number((from + count * unit(from)).toPrecision(12));
let editing = null;

function edit(value) {
  const field = $("typed"), frame = $("picture").getBoundingClientRect(), box = $(value.box).getBoundingClientRect(), row = box.height / 3;
  editing = value;
  field.hidden = false;
  field.value = String(present(value));
  field.setAttribute("aria-label", `${value.name} =`);
  field.removeAttribute("aria-invalid");
  Object.assign(field.style, { left: `${box.left - frame.left + $("picture").scrollLeft}px`, top: `${box.top + row - frame.top + $("picture").scrollTop}px`,
    width: `${box.width}px`, height: `${row}px`, fontSize: `${row / 2}px` });
  field.focus({ preventScroll: true });
  field.select();
}

function readNumber(typed) { // NaN for what is no finite number
  const text = typed.trim().replace(/[\u2212\u2013]/g, "-").replace(",", ".");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : NaN;
}

function edited(keep) {
  const value = editing, number = readNumber($("typed").value);
  if (!value) return;
  if (keep && Number.isNaN(number)) {
    $("typed").setAttribute("aria-invalid", "true");
    $("spoken").textContent = say("page unread");
    return;
  }
  editing = null;
  $("typed").hidden = true;
  if (keep) change(value, number), link();
  $(value.box).focus({ preventScroll: true });
}

function drag(value, event) {
  const box = $(value.box), from = present(value), start = event.clientX;
  const move = (now) => change(value, moved(from, Math.round(now.clientX - start)));
  box.setPointerCapture(event.pointerId);
  box.addEventListener("pointermove", move);
  box.addEventListener("lostpointercapture", () => (box.removeEventListener("pointermove", move), link()), { once: true });
}

function keys(value, event) {
  const count = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!count && event.key !== "Enter") return;
  event.preventDefault();
  if (count) change(value, moved(present(value), count));
  else edit(value);
}

for (const one of circuitsAlive) {
  one.picture.querySelector("svg").setAttribute("role", "group");
  for (const value of inputsOf(one)) {
    const box = $(value.box);
    if (fixed.has(value.key)) continue;
    box.classList.add("input");
    original[value.box] += " input";
    for (const [name, text] of [["tabindex", "0"], ["role", "spinbutton"], ["aria-label", value.name], ["aria-valuetext", value.data]]) box.setAttribute(name, text);
    box.addEventListener("dblclick", () => edit(value));
    box.addEventListener("pointerdown", (event) => event.button === 0 && !editing && drag(value, event));
    box.addEventListener("keydown", (event) => keys(value, event));
    box.addEventListener("keyup", (event) => ["ArrowUp", "ArrowDown"].includes(event.key) && link());
  }
}
$("typed").addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === "Escape") edited(event.key === "Enter"), event.preventDefault(); });
$("typed").addEventListener("blur", () => edited(false));
$("reset").addEventListener("click", () => (changed.clear(), (pulled = null), again(), link()));
$("reset").hidden = !circuitsAlive.length;

// ---- the link ----

function named(value) { // how the link calls an input: by its name if no other has it
  const alone = inputsOf(data.circuits[0]).filter((other) => other.name === value.name).length === 1;
  return alone && value.name.isWellFormed() ? value.name : value.box;
}
const changes = () => inputsOf(data.circuits[0]).filter((value) => changed.has(value.key))
  .map((value) => `&${encodeURIComponent(named(value))}=${changed.get(value.key)}`).join("");

function changesFrom(text) {
  const asked = new URLSearchParams(text.replace(/\+/g, "%2B")), before = changed.size;
  changed.clear();
  for (const value of inputsOf(data.circuits[0])) {
    const given = asked.get(named(value)), number = Number(given || NaN);
    if (Number.isFinite(number) && !fixed.has(value.key) && number !== recorded(value, data.circuits[0])) changed.set(value.key, number);
  }
  if (before || changed.size) again();
}
