// The quiz: gradients are blank, the learner types them, and each answer is judged at the precision it was typed in.

const plain = (typed) => typed.trim().replace(/[\u2212\u2013]/g, "-").replace(",", ".");

function judge(typed, truth) {
  const text = plain(typed), word = /^([+-]?)(inf|nan)/i.exec(text);
  if (word) return String(Number(word[1] + "1") * (word[2].toLowerCase() === "inf" ? Infinity : NaN)) === String(truth) ? "right" : "wrong";
  const parts = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (!parts || !(parts[1] + parts[2])) return "unread";
  const unit = 10 ** (Number(parts[3] ?? 0) - parts[2].length); // what 1 in the last digit typed is worth
  if (!Number.isFinite(Number(text))) return "wrong"; // 1e999 would be right for any gradient
  if (!(Math.abs(Number(text) - truth) <= .5 * unit * (1 + 1e-9))) return "wrong";
  return truth !== 0 && Math.abs(truth) < unit ? "coarse" : "right";
}

function waysTo(value) {
  return circuit.steps.filter((step) => step.phase === "backward" && step.parent === value.box);
}

function ask(afresh = false) {
  if (afresh && circuit.rows) runAgain(circuit);
  if (afresh) quiz = { open: [...circuit.values].reverse().filter((value) => waysTo(value).length), done: [], tries: 0, helped: false };
  const { open, done } = quiz, value = open[done.length], lit = {};
  const grads = new Map([...Object.entries(circuit.starts), ...done.map(({ value }) => [value.box, value.grad])]);
  for (const later of open.slice(done.length)) grads.delete(later.box);
  const back = new Set(done.flatMap(({ value }) => waysTo(value).flatMap((way) => [way.edge, way.wire])));
  for (const way of value ? waysTo(value) : []) for (const id of [way.gate, way.edge]) lit[id] = "lit lit-backward";
  if (value) lit[value.box] = "lit lit-backward";
  paint(new Set(circuit.values.map((v) => v.box)), grads, new Set(circuit.steps.map((step) => step.gate)), back, lit);
  $("progress").textContent = value ? say("page question", { at: done.length + 1, of: open.length }) : say("page finished");
  $("progress").className = value ? "kicker backward" : "kicker";
  $("asked").textContent = value ? `${value.name}.grad =` : "";
  $("answer").value = "";
  $("hints").replaceChildren();
  if (afresh) verdict("", "");
  $("asking").hidden = !value;
  $("again").hidden = Boolean(value);
  $("answers").querySelector("tbody").replaceChildren(...done.map(({ value, typed, mark }) =>
    make("tr", "", ...[`${value.name}.grad`, typed, value.grad, say(`page ${mark}`)].map((text) => make("td", "", text)))));
  if (!value) verdict("right", say("page score", { right: done.filter((answer) => answer.mark === "first try").length, of: open.length }));
  else $("answer").focus({ preventScroll: true });
  $("question").dispatchEvent(new Event("asked")); // practice asks for the sign first
}

function verdict(kind, text) {
  $("verdict").className = kind;
  $("verdict").textContent = text;
}

function answered(typed, mark) {
  const value = quiz.open[quiz.done.length], text = say(mark === "tell try" ? "page told" : "page right", value);
  quiz.done.push({ value, typed, mark });
  quiz.tries = 0;
  quiz.helped = false;
  verdict(mark === "tell try" ? "" : "right", text);
  ask();
}

function check() {
  const value = quiz.open[quiz.done.length], typed = $("answer").value, result = judge(typed, Number(value.gradient));
  if (result === "right") return answered(typed.trim(), quiz.tries || quiz.helped ? "later try" : "first try");
  if (result === "wrong") quiz.tries += 1;
  verdict(result === "wrong" ? "wrong" : "", (result === "wrong" && mistake(value, typed)) || say(`page ${result}`, value));
  $("answer").select();
}

function hint() {
  quiz.helped = true;
  const ways = waysTo(quiz.open[quiz.done.length]), start = circuit.starts[quiz.open[quiz.done.length].box];
  const rules = ways.map((way) => say("page rule", way));
  $("hints").replaceChildren(...[...(start ? [say("page own upstream", { start })] : []), ...rules].map((text) => make("li", "", text)));
  if (rules.length > 1) $("hints").append(make("li", "", say("page add them up")));
  $("answer").focus();
}

// ---- what went wrong: the typical mistakes, the likelier ones first, as what each puts in the place of upstream times local ----

const mistakes = [
  ["gate", ({ does, up, local }) => does === "routes" && local !== 1 ? [[up, 1]] : []],
  ["upstream", ({ local }) => [[local]]],
  ["sign", ({ up, local }) => [[up, -local]]],
  ["other", ({ up, others }) => others.map((local) => [up, local])],
  ["gate", ({ up }) => [[up, 1]]],
];
const added = (terms) => terms.reduce((sum, term) => sum + term.reduce((x, y) => x * y), 0);

function factors(way) { // the numbers behind one contribution
  const { row, gradient } = circuit.values.find(({ box }) => box === way.node), { gate } = circuit.rows[row];
  const { does, ways } = circuit.steps.find(({ node }) => node === way.node), xs = numbersOf(circuit.rows[row], circuit.z);
  const others = gate.slopes.map((slope) => slope(circuit.z[row], ...xs)), [local] = others.splice(ways[way.place].place, 1);
  return { ...way, does, local, others, up: Number(gradient) };
}

function mistaken(value) { // [{kind, the ways that it is made on, the terms that it adds up}]
  const ways = waysTo(value).map(factors), right = ways.map(({ up, local }) => [up, local]);
  const own = circuit.ups.filter(([row]) => row === value.row).map(([, up]) => [Number(up)]), all = [...own, ...right];
  const alone = all.length > 1 ? all.map((term) => ({ kind: "fork", on: [], terms: [term] })) : [];
  return [...alone, ...mistakes.flatMap(([kind, change]) => {
    const changes = ways.map(change), on = ways.filter((_, i) => changes[i].length);
    const everywhere = { kind, on, terms: [...own, ...right.map((term, i) => changes[i][0] ?? term)] };
    return [everywhere, ...ways.flatMap((way, i) => changes[i].map((term) => ({ kind, on: [way], terms: [...own, ...right.with(i, term)] })))];
  })];
}

function mistake(value, typed) { // the sentence for a wrong answer, if it is what a typical mistake gives
  const fits = (circuit.rows ? mistaken(value) : []).filter(({ terms }) => judge(typed, added(terms)) === "right");
  const found = fits.find(({ terms }) => added(terms) === Number(plain(typed))) ?? fits[0];
  if (!found) return "";
  const { kind, on, terms } = found, number = added(terms), shape = (xs) => terms.map((term) => term.map(() => xs.shift()));
  const texts = agreeing((...xs) => added(shape(xs)), terms.flat(), number), sum = shape(texts).map((term) => term.join(" \u00d7 ")).join(" + ");
  const listed = (text) => [...new Set(on.map(text))].join(", ");
  return say(`page mistake ${kind}`, { name: value.name, proof: terms.flat().length > 1 ? `${sum} = ${numberText(number)}` : sum, pattern: listed((way) => way.pattern),
    slope: listed((way) => way.slope), upstream: listed((way) => `${way.name}.grad = ${numberText(way.up)}`), gate: listed((way) => `${way.name} = ${way.formula}`) });
}
