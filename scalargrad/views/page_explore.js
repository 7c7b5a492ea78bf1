// Explore: one value is chosen, and an input is drawn as the roots see it, with the gradient as the slope of the curve.

const SAMPLES = 120;
let chosen = null, pulled = null; // the value that is looked at; the input that is changed by hand while one walks through
const view = { value: null, middle: 0, reach: 1 }; // what a curve shows: it stays in its place while the point moves in it

const isInput = (value) => value?.key !== undefined && !fixed.has(value.key);

function chosenHere() { // in the circuit that is shown
  const here = circuit.values.find((value) => value === chosen) ?? inputsOf(circuit).find((value) => value.key === chosen?.key);
  return (chosen = here ?? inputsOf(circuit).find(isInput) ?? circuit.values.at(-1));
}

function slopePlot(value) {
  const now = present(value), given = numbersNow(circuit), result = (x) => resultAt(circuit, given.set(value.row, x));
  if (view.value !== value || Math.abs(now - view.middle) > view.reach) {
    Object.assign(view, { value, middle: Math.max(-1e308, Math.min(1e308, now)), reach: Math.max(1, Math.min(5e307, Math.abs(now))) });
  }
  const xs = Array.from({ length: SAMPLES + 1 }, (_, i) => view.middle + view.reach * (2 * i / SAMPLES - 1)), ys = xs.map(result);
  const y = result(now), said = Number.isFinite(y) ? [say("page slope", { root: goalName(), ...value })] : [];
  if (!ys.every(Number.isFinite)) said.push(say("page gap"));
  return plot(said.join(" "), xs, ys, { x: now, y, slope: value.gradient, outside: .08 });
}

function about() {
  const value = chosenHere();
  return [make("p", "kicker", `${value.name}.grad = ${value.grad}`), ...(carrying ? carriedFrom : chainOf)(value)];
}

function choosable() { // every box can be chosen while one explores; an input can always be reached
  for (const value of circuitsAlive.flatMap((one) => one.values)) {
    if (isInput(value)) continue;
    for (const [name, text] of [["tabindex", "0"], ["role", "group"], ["aria-label", value.name]]) {
      if (exploring) $(value.box).setAttribute(name, text);
      else $(value.box).removeAttribute(name);
    }
  }
}

$("picture").addEventListener("focusin", (event) => {
  const value = circuit.values.find(({ box }) => box === event.target.id);
  if (!value || value === chosen) return;
  chosen = value;
  if (exploring) go(at, true);
});
