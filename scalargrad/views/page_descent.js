// Gradient descent: all inputs that are chosen as parameters move against their gradients; what was predicted stands beside what came.

const parameters = new Set(inputsOf(data.circuits[0]).map((value) => value.key).filter((key) => !fixed.has(key)));
let descent = { where: "", losses: [], told: "" }; // the updates since an input was changed by hand, and the numbers that they led to

const goalName = () => circuit.ups.map(([row, up]) => {
  const { name } = circuit.values.find((value) => value.row === row);
  return Number(up) === 1 ? name : `${numberText(Number(up))} \u00d7 ${name}`;
}).join(" + ");

function plan() { // the next update
  const rate = readNumber($("rate").value), moving = inputsOf(circuit).filter((value) => parameters.has(value.key));
  const moves = moving.map((value) => ({ value, from: present(value), slope: Number(value.gradient), to: present(value) - rate * value.gradient }));
  const squares = moves.map(({ slope }) => slope * slope), predicted = -rate * squares.reduce((sum, square) => sum + square, 0);
  const possible = rate > 0 && !circuit.failure && moves.length && moves.every(({ to }) => Number.isFinite(to));
  return { rate, moves, squares, predicted, possible, now: resultAt(circuit, numbersNow(circuit)) };
}

function update() {
  const { moves, predicted, possible, now } = plan();
  if (!possible) return;
  for (const { value, to } of moves) put(value, to);
  const after = resultAt(circuit, numbersNow(circuit)), losses = [...descent.losses, after], actual = after - now;
  const [to, from] = agreeing((x, y) => x - y, [after, now], actual), count = losses.length - 1;
  const told = say("page updated", { count, root: goalName(), before: from, after: to, actual: numberText(actual), predicted: numberText(predicted) });
  descent = { where: changes(), losses, told: Number.isNaN(after) ? "" : told };
  again();
  link();
}

function showDescent() {
  const { rate, moves, squares, predicted, possible, now } = plan(), root = goalName();
  if (descent.where !== changes() || !descent.losses.length) descent = { where: changes(), losses: [now], told: "" };
  const { losses, told } = descent;
  $("rate").setAttribute("aria-invalid", !(rate > 0));
  $("update").disabled = !possible;
  $("updated").textContent = told;
  $("losses").replaceChildren(...(losses.length > 1 ? [plot(say("page losses", { root }), losses.map((_, i) => i), losses)] : []));
  $("moves").replaceChildren();
  if (!possible) return;
  const texts = moves.map(({ value, from, slope, to }) => {
    const [x, r, g] = agreeing((x, r, g) => x - r * g, [from, rate, slope], to);
    return `${value.name}: ${x} - ${r} \u00d7 ${g} = ${numberText(to)}`;
  });
  const [r, ...terms] = agreeing((rate, ...squares) => -rate * squares.reduce((a, b) => a + b, 0), [rate, ...squares], predicted);
  const sum = terms.length > 4 ? numberText(predicted / -rate) : terms.length > 1 ? `(${terms.join(" + ")})` : terms[0];
  const product = `-${r} \u00d7 ${sum} = ${numberText(predicted)}`;
  $("moves").append(make("p", "", say("page predicted", { root, product, after: numberText(now + predicted) })), chips(shortened(texts)));
}

for (const value of inputsOf(data.circuits[0])) {
  if (!parameters.has(value.key)) continue;
  const box = make("input", "");
  Object.assign(box, { type: "checkbox", checked: true });
  box.addEventListener("change", () => {
    if (!parameters.delete(value.key)) parameters.add(value.key);
    showDescent();
  });
  $("parameters").append(make("label", "", box, value.name));
}
$("update").addEventListener("click", update);
$("rate").addEventListener("input", showDescent);
$("rate").addEventListener("keydown", (event) => event.key === "Enter" && update());
$("modes").children[MODES.indexOf("explore")].hidden = !circuitsAlive.length;
