// The chain rule at one value: the sum over its uses, as in ledger.py, and the product along each way of the gradient to it.

const MAX_TERMS = 4, MAX_FACTORS = 8, MAX_PATHS = 6;
const times = (texts) => texts.join(" \u00d7 "), slopeName = (way) => `d${way.name}/d${way.to}`;
const productOf = (...factors) => added([factors]), sumOf = (...terms) => added(terms.map((term) => [term]));

function startOf(box) { // the upstream that a root starts with; undefined for all others
  const { row } = circuit.values.find((value) => value.box === box), up = circuit.ups.find(([root]) => root === row);
  return up && Number(up[1]);
}

function usesOf(value) {
  const ways = waysTo(value), start = startOf(value.box), terms = [...(start === undefined ? [] : [start]), ...ways.map((way) => way.exact.downstream)];
  const table = make("table", "ledger"), row = (kind, ...cells) => table.append(make("tr", kind, ...cells.map((cell) => make("td", "", cell))));
  if (start !== undefined) row("", say("page upstream"), numberText(start));
  for (const way of ways.slice(0, MAX_LISTED)) {
    const named = times([`${way.name}.grad`, slopeName(way)]), numbers = times([way.upstream, way.local]);
    row("", say("page via", { formula: `${way.name} = ${way.formula}` }), [named, numbers, way.downstream].join(" = "));
  }
  if (ways.length > MAX_LISTED) row("", say("more", { count: ways.length - MAX_LISTED }));
  const shown = terms.length > 1 && terms.length <= MAX_TERMS ? [agreeing(sumOf, terms, value.gradient).join(" + ")] : [];
  row("total", `${value.name}.grad`, [...shown, value.grad].join(" = "));
  return table;
}

function countOfPaths(value) {
  const counts = new Map(circuit.values.map(({ box }) => [box, startOf(box) === undefined ? 0n : 1n]));
  for (const { node, parent } of circuit.steps.slice(circuit.turn)) if (parent) counts.set(parent, counts.get(parent) + counts.get(node));
  return counts.get(value.box);
}

function pathsTo(value) { // the first of them, each as its edges from the root on
  const found = [], stack = [[value.box, []]];
  while (stack.length && found.length < MAX_PATHS) {
    const [box, path] = stack.pop();
    if (path.length && startOf(box) !== undefined) found.push(path);
    stack.push(...waysTo({ box }).reverse().map((way) => [way.node, [way, ...path]]));
  }
  return found;
}

function pathText(path) {
  const start = startOf(path[0].node), first = start === 1 ? [] : [start], factors = [...first, ...path.map((way) => way.exact.local)];
  const names = [...first.map(() => `${path[0].name}.grad`), ...path.map(slopeName)], product = productOf(...factors);
  const shown = factors.length > MAX_FACTORS ? [] : factors.length > 1 ? [times(names), times(agreeing(productOf, factors, product))] : names;
  return `${clip([...path.map((way) => way.name), path.at(-1).to].join(" -> "))}: ${[...shown, numberText(product)].join(" = ")}`;
}

function chainOf(value) {
  const paths = pathsTo(value), count = countOfPaths(value), more = count - BigInt(paths.length), parts = { name: value.name, title: `${value.name}.grad`, gradient: value.grad };
  if (!paths.length) return [usesOf(value)];
  const written = (n) => n < 10n ** 30n ? n : say("about", { power: String(n).length - 1 });
  return [usesOf(value), note(count === 1n ? "one path" : "paths", { ...parts, root: goalName(), count: written(count) }),
    chips([...paths.map(pathText), ...(more > 0n ? [say("more", { count: written(more) })] : [])])];
}
