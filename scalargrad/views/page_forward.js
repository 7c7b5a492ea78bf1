// Forward mode: how every value changes with the one that is chosen, from it on; and what that costs, beside backward.

let carrying = false;
const carried = () => exploring && carrying && !circuit.failure;

function slopesFrom({ row }) { // {row: its derivative by the value}, and the multiplications that this takes
  const found = new Map([[row, 1]]);
  let cost = 0;
  circuit.rows.forEach(({ inputs = [] }, i) => inputs.filter((x) => typeof x !== "string").forEach((parent, place) => {
    if (!found.has(parent)) return;
    cost += 1;
    found.set(i, (found.get(i) ?? 0) + circuit.slopes[i][place] * found.get(parent));
  }));
  return { found, cost };
}

function carryForward(grads, back) { // what boxes show instead of gradients
  document.querySelector(".key-box .grad").textContent = carried() ? `d/d${chosenHere().name}` : say("page gradient");
  if (!carried()) return;
  const { found } = slopesFrom(chosen);
  back.clear();
  for (const { box, row } of circuit.values) grads.set(box, numberText(found.get(row) ?? 0));
}

function carriedFrom(value) {
  const { found, cost } = slopesFrom(value), inputs = circuit.values.filter(({ key }) => key !== undefined);
  const texts = circuit.values.filter((other) => other !== value && found.has(other.row)).map((other) => `d${other.name}/d${value.name} = ${numberText(found.get(other.row))}`);
  circuit.costs ??= inputs.reduce((sum, input) => sum + slopesFrom(input).cost, 0);
  return [chips(shortened(texts)), note("page costs", { name: value.name, one: cost, all: circuit.costs, count: inputs.length, back: circuit.steps.length - circuit.turn })];
}

$("ahead").addEventListener("click", () => {
  carrying = !carrying;
  $("ahead").setAttribute("aria-pressed", carrying);
  go(at, true);
});
