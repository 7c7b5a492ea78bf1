// Practice: the circuit that a link such as #2-1234 names by its level and its seed.  The sign of each gradient is asked for first.

Object.assign(data.text, {{sentences}});
const levels = {{levels}};
const practised = new Map(); // {address: how many of its gradients were right at the first try, of how many}
let level = 1, seed = 1;
const address = () => `#${level}-${seed}`;
const levelName = (number) => say("practice level name", { level: number, name: say(`practice ${levels[number - 1].name}`) });

// ---- from the seed to a circuit, with whole numbers alone, so that every browser draws the same ----

function generator(state) { // (count) => the next one of 0, 1 ... count - 1; Tommy Ettinger's mulberry32
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % count;
  };
}

function draw() {
  const next = generator(seed * 8 + level), { most, shapes } = levels[level - 1], which = shapes[next(shapes.length)], one = data.circuits[which];
  for (const { at, gates } of one.choices) put(one, one.steps[at], gates[next(gates.length)]);
  const inputs = one.rows.flatMap((row, i) => isGate(row) ? [] : [i]);
  do {
    for (const i of inputs) {
      const number = next(2 * most) - most;
      one.rows[i] = number + (number >= 0); // never 0
    }
    runAgain(one);
  } while (!isFair(one));
  one.summary = say("practice circuit", { level: levelName(level), seed });
  one.behind = true;
  return which;
}

function put(one, step, { runs, symbol, ...said }) { // a gate in its place in the circuit
  Object.assign(step, said);
  one.rows[rowOf(one, step)].gate = gates[runs];
  for (const back of one.steps.slice(one.turn)) if (back.node === step.node) back.formula = step.formula;
  $(step.gate).querySelector("text").textContent = symbol;
  $(step.node).querySelector("title").textContent = `${step.name} = ${step.formula}`;
}

const rowOf = (one, step) => one.values.find(({ box }) => box === step.node).row;

// No fraction that a browser might round differently comes near these limits, so that all of them draw the same.
function isFair(one) { // no kink and no tie, nothing saturated, no large number, and not mostly gradients of 0
  const clear = one.steps.slice(0, one.turn).every((step) => {
    const [x, y = 0] = numbersOf(one.rows[rowOf(one, step)], one.z);
    return step.does === "routes" ? x !== y : step.does !== "scales" || Math.abs(x) <= 2;
  });
  return clear && one.z.every((z) => Math.abs(z) <= 50) && 2 * one.values.filter((value) => value.gradient === 0).length <= one.values.length;
}

// ---- first the sign, then the number ----

const button = (id, text, action) => {
  const made = Object.assign(make("button", "", text), { id, type: "button" });
  made.addEventListener("click", action);
  return made;
};
const signs = make("span", "", ...[[-1, "<", "-"], [0, "=", "0"], [1, ">", "+"]].map(([sign, symbol, key]) =>
  Object.assign(button(`sign${sign}`, `${symbol} 0`, () => signed(sign)), { title: key })));
const atSign = () => quiz && !signs.hidden && quiz.open[quiz.done.length];

function stage(sign) { // asks for the sign, or for the number
  const value = quiz.open[quiz.done.length];
  signs.hidden = !sign;
  signs.setAttribute("aria-label", say("practice sign", value));
  $("answer").hidden = $("check").hidden = sign;
  $("asked").textContent = `${value.name}.grad${sign ? "" : " ="}`;
  (sign ? signs : $("answer")).focus({ preventScroll: true });
}

function signed(sign) {
  const truth = Number(quiz.open[quiz.done.length].gradient);
  if (Math.sign(truth) !== sign) {
    quiz.tries += 1;
    return verdict("wrong", say("practice wrong sign"));
  }
  if (truth === 0) return answered("0", quiz.tries || quiz.helped ? "later try" : "first try");
  verdict("right", say("practice right sign"));
  stage(false);
}

function asked() { // by the quiz: the next gradient, or no more
  const { open, done } = quiz, more = done.length < open.length;
  $("modes").hidden = more;
  $("onward").hidden = more;
  if (more) return stage(true);
  if (!practised.has(address())) practised.set(address(), { level, seed, right: done.filter(({ mark }) => mark === "first try").length, of: open.length });
  showScore();
  $("onward").focus({ preventScroll: true });
}

// ---- the score ----

function showScore() {
  const all = [...practised.values()], found = levels.map((_, i) => all.filter(({ level }) => level === i + 1));
  const total = (some, key) => some.reduce((sum, one) => sum + one[key], 0);
  $("score").textContent = found.flatMap((some, i) => !some.length ? [] : say("practice score",
    { level: levelName(i + 1), seeds: some.map(({ seed }) => seed).join(", "), right: total(some, "right"), of: total(some, "of") })).join("\n");
  $("copy").textContent = say("practice copy");
  $("scored").hidden = false;
}

async function copy() {
  try {
    await navigator.clipboard.writeText($("score").textContent);
    $("copy").textContent = say("practice copied");
  } catch { // not allowed: the learner's own keys copy what is selected
    getSelection().selectAllChildren($("score"));
  }
}

// ---- which circuit ----

function take(nextLevel, nextSeed) {
  [level, seed] = [nextLevel, nextSeed];
  $("level").value = level;
  shown = draw();
  mode("quiz");
  link();
}
const onward = () => take(level, (seed % 999999) + 1);

function takeLinked() {
  const link = location.hash, found = /^#([1-5])-([1-9]\d{0,5})$/.exec(link);
  const [, linkedLevel = 1, linkedSeed = 1 + Math.floor(9999 * Math.random())] = found ?? [];
  take(Number(linkedLevel), Number(linkedSeed));
  if (link && !found) verdict("wrong", say("practice no circuit", { link, level: levels.length }));
}

const select = Object.assign(make("select", "", ...levels.map((_, i) => new Option(levelName(i + 1), i + 1))), { id: "level" });
select.setAttribute("aria-label", say("practice level"));
select.addEventListener("change", () => take(Number(select.value), seed));
Object.assign(signs, { id: "signs", tabIndex: -1 });
signs.setAttribute("role", "group");
$("modes").before(select);
$("modes").after(button("another", say("practice onward"), onward));
$("asked").after(signs);
$("again").before(button("onward", say("practice onward"), onward));
$("onward").className = "main";
const scored = Object.assign(make("div", "", make("h2", "", say("practice your score")), Object.assign(make("pre", ""), { id: "score" }), button("copy", "", copy)), { id: "scored", hidden: true });
$("question").append(scored);

document.addEventListener("keydown", (event) => {
  const sign = { "-": -1, "\u2212": -1, "<": -1, 0: 0, "=": 0, "+": 1, ">": 1 }[event.key];
  if (atSign() && sign !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) signed(sign), event.preventDefault();
});
$("answer").addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault()); // the last one would press the next circuit's button
$("question").addEventListener("asked", asked);
window.addEventListener("resize", offerWhole);
window.addEventListener("hashchange", takeLinked);
document.body.classList.remove("still");
takeLinked();
