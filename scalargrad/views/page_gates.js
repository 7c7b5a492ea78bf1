// What gates compute where that is more than arithmetic, and how numbers are written: as Python does both.

class NoNumber extends Error {} // where Python's floats raise; the message is "overflow" or ""

function finite(z, ...xs) { // a result that does not fit a float, of inputs that do, is an error
  if (!Number.isFinite(z) && xs.every(Number.isFinite)) throw new NoNumber(Number.isNaN(z) ? "" : "overflow");
  return z;
}
function within(allowed, z) {
  if (!allowed) throw new NoNumber("");
  return z;
}

const outputs = {
  div: (x, y) => within(y !== 0, x / y),
  pow(x, y) {
    if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
    return finite(within(!(x === 0 && y < 0 && Number.isFinite(y)), x ** y), x, y);
  },
  abs: Math.abs,
  exp: (x) => finite(Math.exp(x), x),
  log: (x) => within(!(x <= 0), Math.log(x)),
  sqrt: (x) => within(!(x < 0), Math.sqrt(x)),
  sin: (x) => within(Math.abs(x) !== Infinity, Math.sin(x)),
  cos: (x) => within(Math.abs(x) !== Infinity, Math.cos(x)),
  tanh: Math.tanh,
  sigmoid: (x) => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)),
  softplus: (x) => x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)),
  relu: (x) => x <= 0 ? 0 : x,
  leaky_relu: (x, slope) => x > 0 ? x : slope * x,
  elu: (x, alpha) => x > 0 ? x : alpha * Math.expm1(x),
  maximum: (...xs) => xs.some(Number.isNaN) ? NaN : xs.reduce((z, x) => x > z ? x : z),
  minimum: (...xs) => xs.some(Number.isNaN) ? NaN : xs.reduce((z, x) => x < z ? x : z),
  step: (x, y, at) => x > y ? 1 : x < y ? 0 : x === y ? at : NaN,
  pick: (index, ...xs) => within(index in xs, xs[index]),
  power_slope: (c, x, n) => c === 0 ? 0 : c * outputs.pow(x, n),
  exponent_slope(c, x, n, k) {
    if (k === 0) return outputs.power_slope(c, x, n);
    if (c === 0 || k < 0 || (x === 0 && n >= 0)) return 0;
    return x >= 0 && !Number.isNaN(n) ? c * outputs.pow(x, n) * outputs.pow(outputs.log(x), k) : NaN;
  },
};

// ---- forward and backward through rows: a row is the number of a leaf, or a gate with its inputs ----

const isGate = (row) => typeof row === "object";
const numbersOf = (row, z) => row.inputs.map((x) => typeof x === "string" ? Number(x) : z[x]);

function slopesOf(row, z, output) { // of the inputs that are values
  const xs = numbersOf(row, z);
  return row.inputs.flatMap((x, place) => typeof x === "string" ? [] : [row.gate.slopes[place](output, ...xs)]);
}

function chainRule(rows, gradients, slopes, see) { // as in graph.chain_rule
  for (let i = rows.length - 1; i >= 0; i--) {
    if (gradients[i] === undefined || !isGate(rows[i])) continue;
    rows[i].inputs.filter((x) => typeof x !== "string").forEach((parent, place) => {
      const upstream = gradients[i], local = slopes[i][place], before = gradients[parent] ?? 0;
      const edge = { upstream, local, before, downstream: upstream * local, adds_up: gradients[parent] !== undefined };
      gradients[parent] = before + edge.downstream;
      see?.(edge);
    });
  }
  return gradients;
}

function composite(rows, places, root) { // a gate that is made of others
  const forward = (xs) => rows.reduce((z, row, i) => {
    const given = places.indexOf(i);
    z.push(given >= 0 ? xs[given] : isGate(row) ? row.gate.output(...numbersOf(row, z)) : Number(row));
    return z;
  }, []);
  const slope = (place) => (_, ...xs) => {
    const z = forward(xs), slopes = rows.map((row, i) => isGate(row) ? slopesOf(row, z, z[i]) : []);
    const start = [];
    start[root] = 1;
    return chainRule(rows, start, slopes)[places[place]] ?? 0;
  };
  return { output: (...xs) => forward(xs)[root], slopes: places.map((_, place) => slope(place)) };
}

// ---- numbers as text ----

function laidOut(sign, digits, exponent, most) { // as Python's %g, or its repr, lays out digits
  const power = `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  if (exponent < -4 || exponent >= most) return `${sign}${digits[0]}${digits.length > 1 ? "." + digits.slice(1) : ""}${power}`;
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0"), rest = digits.slice(exponent + 1);
  return sign + whole + (rest ? `.${rest}` : "");
}
const special = (x) => Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
const parts = (text) => /^(-?)([\d.]+)e(.+)$/.exec(text).slice(1);

function numberText(x, digits = 6) { // text.number_text
  if (!Number.isFinite(x)) return special(x);
  if (x === 0) return "0";
  let [sign, figures, exponent] = parts(x.toExponential(digits - 1));
  if (/5e/.test(x.toExponential(digits))) { // perhaps a tie, which goes to the even digit
    const [, exact, power] = parts(x.toExponential(100)), plain = exact.replace(".", "");
    if (/^50*$/.test(plain.slice(digits)) && Number(plain[digits - 1]) % 2 === 0) [figures, exponent] = [plain.slice(0, digits), power];
  }
  return laidOut(sign, figures.replace(".", "").replace(/0+$/, ""), Number(exponent), digits);
}

function typed(x) { // a float as one types it in Python
  if (!Number.isFinite(x)) return `float('${special(x)}')`;
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  const [sign, figures, exponent] = parts(x.toExponential());
  const text = laidOut(sign, figures.replace(".", ""), Number(exponent), 16);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function agreeing(compute, inputs, output) { // text.agreeing
  for (let digits = 6; digits < 17; digits++) {
    const texts = inputs.map((x) => numberText(x, digits));
    try {
      if (numberText(compute(...texts.map(fromText))) === numberText(output)) return texts;
    } catch (error) {
      if (!(error instanceof NoNumber)) throw error; // rounded out of the domain: show more digits
    }
  }
  return inputs.map((x) => Number.isFinite(x) ? typed(x) : special(x));
}
const fromText = (text) => Number(text.replace("inf", "Infinity"));
