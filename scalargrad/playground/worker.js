// The engine, in a thread of its own that the page can end: Python as WebAssembly, scalargrad, and Graphviz.
// It loads at once, and then answers: every view is sent as soon as it is there.

import { graphviz } from "./graphviz.js";

const ELSEWHERE = "{{pyodide}}";

const engine = load();
engine.then(() => postMessage({ ready: true }), error => postMessage({ failed: reason(error) }));

self.onmessage = async ({ data }) => {
  const loaded = await engine.catch(() => null); // the page knows already
  try {
    if (loaded) answer(loaded.answers, data);
  } catch (error) {
    postMessage({ broken: reason(error) });
  }
};

async function load() {
  count();
  const folder = await home();
  const { loadPyodide } = await import(folder + "pyodide.mjs");
  const [python, layout, code] = await Promise.all([
    loadPyodide({ indexURL: folder }),
    graphviz("graphviz.wasm"),
    fetch("scalargrad.zip").then(response => response.arrayBuffer()),
  ]);
  python.unpackArchive(code, "zip");
  const module = python.pyimport("scalargrad.playground.answers");
  module.lay_out_with(layout);
  return module;
}

// Pyodide's folder: the one beside this page, if there is one.
async function home() {
  const beside = new URL("pyodide/", self.location).href;
  const found = await fetch(beside + "pyodide.mjs").catch(() => null); // without a network
  return found?.ok && /javascript/.test(found.headers.get("content-type")) ? beside : ELSEWHERE;
}

// Tells the page of every byte that arrives from now on.
function count() {
  const plain = self.fetch;
  self.fetch = async (...request) => {
    const response = await plain(...request);
    const told = new TransformStream({
      transform(chunk, onwards) {
        postMessage({ bytes: chunk.length });
        onwards.enqueue(chunk);
      },
    });
    return new Response(response.body?.pipeThrough(told), response);
  };
}

function answer(answers, { number, expression, numbers, lang }) {
  for (const part of answers(expression, numbers, lang)) {
    const [view, text, refused] = part.toJs();
    part.destroy();
    postMessage({ number, view, text, refused });
  }
  postMessage({ number, done: true });
}

// The last line of a message, which is where Python says what went wrong.
function reason(error) {
  return error.message.trim().split("\n").pop();
}
