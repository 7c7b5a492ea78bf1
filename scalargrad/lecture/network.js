"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const say = (phrase, parts = {}) => data.text[phrase].replace(/\{(\w+)\}/g, (_, name) => parts[name]);
const rows = data.rows.map((row) => isGate(row) ? { ...row, gate: gates[row.gate] } : Number(row));
const { points, weights, neurons } = data, REACH = 2, GRID = 48;
let numbers, present, losses, predicted, marked, timer = 0; // numbers: those of the leaves, by row

// ---- forward and backward, for one point and for all ----

function forward(x1, x2, label = 1) {
  const z = [...numbers];
  [z[data.inputs[0]], z[data.inputs[1]], z[data.label]] = [x1, x2, label];
  for (const [i, row] of rows.entries()) if (isGate(row)) z[i] = row.gate.output(...numbersOf(row, z));
  return z;
}

function backward(z) {
  const start = [];
  start[data.loss] = 1;
  return chainRule(rows, start, rows.map((row, i) => isGate(row) ? slopesOf(row, z, z[i]) : []));
}

function ofAll() { // the mean of the loss, and of each gradient; every point uses the same weights, so these add up
  const gradients = weights.map(() => 0);
  let loss = 0;
  for (const point of points) {
    const z = forward(...point), found = backward(z);
    loss += z[data.loss] / points.length;
    weights.forEach(({ row }, k) => { gradients[k] += found[row] / points.length; });
  }
  return { loss, gradients };
}

function update(rate) {
  const { loss, gradients } = present;
  predicted = -rate * gradients.reduce((sum, gradient) => sum + gradient * gradient, 0);
  weights.forEach(({ row }, k) => { numbers[row] -= rate * gradients[k]; });
  present = ofAll();
  present.change = present.loss - loss;
  losses.push(present.loss);
}

// ---- the picture of the network ----

function showNetwork() {
  const values = weights.map(({ row }) => numbers[row]), largest = Math.max(...values.map(Math.abs));
  weights.forEach(({ name }, k) => {
    const title = say("network weight", { name, data: numberText(values[k]), grad: numberText(present.gradients[k], 3) });
    for (const letter of "wt") {
      const part = $(letter + k);
      part.classList.toggle("negative", values[k] < 0);
      part.querySelector("title").textContent = title;
      for (const wire of part.querySelectorAll("path")) wire.style.strokeWidth = 0.4 + 3.6 * Math.abs(values[k]) / largest;
    }
    $(`t${k}`).querySelector("text").textContent = numberText(values[k], 3);
  });
  const z = forward(...marked);
  marked.forEach((x, i) => { $(`u0_${i}`).querySelectorAll("text")[1].textContent = numberText(x, 3); });
  for (const { box, row, bias } of neurons) {
    const [, output, gradient] = $(box).querySelectorAll("text");
    output.textContent = numberText(z[row], 3);
    gradient.textContent = numberText(present.gradients[bias], 3);
  }
  const [x1, x2, score] = [...marked, z[data.score]].map((x) => numberText(x, 3));
  $("map").setAttribute("aria-label", say("lecture net map", { x1, x2, score }));
}

// ---- the plane: which side a point is on, the boundary between, and where each hidden neuron is 0 ----

const pen = $("map").getContext("2d"), small = document.createElement("canvas");
small.width = small.height = GRID;
const place = (i) => REACH * ((2 * i + 1) / GRID - 1); // of the middle of a cell
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function showPlane() {
  const size = $("map").width = $("map").height = Math.round($("map").clientWidth * devicePixelRatio) || 1;
  const at = ([x1, x2]) => [(x1 / REACH + 1) * size / 2, (1 - x2 / REACH) * size / 2], dot = size / 60;
  const scores = Array.from({ length: GRID }, (_, j) => Array.from({ length: GRID }, (_, i) => forward(place(i), -place(j))[data.score]));
  shade(scores, size);
  pen.lineWidth = size / 250;
  pen.strokeStyle = colour("--quiet");
  pen.setLineDash([size / 50, size / 70]);
  for (let k = 0; k < 9; k += 3) neuronLine(weights.slice(k, k + 3).map(({ row }) => numbers[row]), at);
  pen.setLineDash([]);
  pen.lineWidth = size / 120;
  pen.strokeStyle = colour("--ink");
  boundary(scores, at);
  pen.lineWidth = size / 300;
  pen.strokeStyle = colour("--paper");
  for (const [x1, x2, label] of points) {
    const [left, top] = at([x1, x2]);
    pen.fillStyle = colour(label ? "--above" : "--below");
    pen.beginPath();
    if (label) pen.arc(left, top, dot, 0, 7);
    else pen.rect(left - dot, top - dot, 2 * dot, 2 * dot);
    pen.fill();
    pen.stroke();
  }
  const [left, top] = at(marked);
  pen.lineWidth = size / 150;
  pen.strokeStyle = colour("--ink");
  pen.beginPath();
  pen.arc(left, top, 2 * dot, 0, 7);
  pen.stroke();
}

function shade(scores, size) {
  const image = new ImageData(GRID, GRID);
  const [above, below] = ["--above", "--below"].map(colour).map((text) => parseInt(text.slice(1), 16)).map((hex) => [hex >> 16, hex >> 8 & 255, hex & 255]);
  scores.flat().forEach((score, i) => { // the surer, the stronger
    image.data.set([...(score > 0 ? above : below), 30 + 90 * Math.abs(Math.tanh(score / 2))], 4 * i);
  });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, size, size);
}

function neuronLine([w1, w2, b], at) {
  const square = w1 * w1 + w2 * w2, x = -b * w1 / square, y = -b * w2 / square, far = 2 * REACH / Math.sqrt(square);
  pen.beginPath();
  pen.moveTo(...at([x - w2 * far, y + w1 * far]));
  pen.lineTo(...at([x + w2 * far, y - w1 * far]));
  pen.stroke();
}

function boundary(scores, at) { // through every cell at whose corners the score has both signs
  pen.beginPath();
  for (let j = 1; j < GRID; j++) {
    for (let i = 1; i < GRID; i++) {
      const corners = [[i - 1, j - 1], [i, j - 1], [i, j], [i - 1, j]], crossed = [];
      corners.forEach(([i1, j1], k) => {
        const [i2, j2] = corners[(k + 1) % 4], s1 = scores[j1][i1], s2 = scores[j2][i2], share = s1 / (s1 - s2);
        if (s1 > 0 !== s2 > 0) crossed.push(at([place(i1 + share * (i2 - i1)), -place(j1 + share * (j2 - j1))]));
      });
      crossed.forEach((point, k) => k % 2 ? pen.lineTo(...point) : pen.moveTo(...point));
    }
  }
  pen.stroke();
}

// ---- the loss, and the numbers of this update ----

function showLoss() {
  const most = Math.max(...losses), across = 200 / Math.max(losses.length - 1, 50);
  $("curve").firstChild.setAttribute("points", losses.map((loss, i) => `${i * across},${98 - 94 * loss / most}`).join(" "));
  $("steps").textContent = losses.length - 1;
  $("now").textContent = numberText(present.loss);
  $("predicted").textContent = predicted === undefined ? "\u00b7" : numberText(predicted);
  $("real").textContent = predicted === undefined ? "\u00b7" : numberText(present.change);
  const right = points.filter(([x1, x2, label]) => forward(x1, x2)[data.score] > 0 === Boolean(label)).length;
  $("right").textContent = `${right} / ${points.length}`;
}

function show() {
  showNetwork();
  showPlane();
  showLoss();
}

// ---- controls ----

function begin() {
  stop();
  numbers = rows.map((row) => isGate(row) ? 0 : row);
  present = ofAll();
  [losses, predicted, marked] = [[present.loss], undefined, [0.6, 0]];
  show();
}

function walk(count) {
  for (let i = 0; i < count; i++) update(Number($("rate").value));
  show();
}

function stop() {
  clearInterval(timer);
  timer = 0;
  $("run").textContent = say("lecture net run");
}

function run() {
  if (timer) return stop();
  timer = setInterval(() => walk(1), 50);
  $("run").textContent = say("lecture net pause");
}

function mark(x1, x2) {
  marked = [x1, x2].map((x) => Math.max(-REACH, Math.min(REACH, Math.round(x * 100) / 100)));
  showNetwork();
  showPlane();
}

const controls = { reset: begin, one: () => (stop(), walk(1)), ten: () => (stop(), walk(10)), run };
for (const [id, action] of Object.entries(controls)) $(id).addEventListener("click", action);
const point = ({ offsetX, offsetY }) => {
  const size = $("map").clientWidth;
  mark(REACH * (2 * offsetX / size - 1), REACH * (1 - 2 * offsetY / size));
};
$("map").addEventListener("pointerdown", (event) => ($("map").setPointerCapture(event.pointerId), point(event)));
$("map").addEventListener("pointermove", (event) => event.buttons && point(event));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "SELECT") return;
  const way = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
  const action = { ArrowRight: "one", Home: "reset", " ": event.target.closest?.("button") ? "" : "run" }[event.key];
  if (event.target.id === "map" && way) mark(marked[0] + way[0], marked[1] + way[1]);
  else if (action) $(action).click();
  else return;
  event.preventDefault();
});
window.addEventListener("resize", showPlane);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showPlane);
begin();
