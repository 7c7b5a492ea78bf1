// On paper: the circuit after its last step, and all steps in a table, as they are now; of the quiz a sheet without answers.

function handOut() {
  const told = circuit.steps.slice(0, furthest()).map((now, i) => [i + 1, `${now.name} = ${now.formula}`, ...(i + 1 === circuit.failure?.at ? [circuit.failure.text]
    : now.phase === "forward" ? [`= ${now.numbers}`, `= ${now.output}`, ""]
    : [now.slope, say("product", { ...now, times: "\u00d7" }), say(now.adds_up ? "adds up" : "first", { ...now, parent: now.to })])]);
  document.querySelectorAll("#handout tbody").forEach((body, backward) => {
    const rows = backward ? told.slice(circuit.turn) : told.slice(0, circuit.turn);
    body.replaceChildren(body.rows[0], ...rows.map((cells) => make("tr", "", ...cells.map((cell) => make("td", "", cell)))));
  });
}

let before = 0;
window.addEventListener("beforeprint", () => {
  $("handout").hidden = Boolean(quiz) || !$("handout").querySelector("table");
  if (quiz) return;
  before = at;
  handOut();
  go(Infinity, true);
  light();
  for (const part of document.querySelectorAll(".lit, .sends")) part.classList.remove("lit", "lit-backward", "sends");
});
window.addEventListener("afterprint", () => quiz || go(before, true));
