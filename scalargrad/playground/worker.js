// The engine, in a thread of its own that the page can end: Python as WebAssembly, scalargrad, and Graphviz.
// First the page hands over the files that it carries, if it is one file itself; then it asks, and every view of an
// answer is sent as soon as it is there.

import { graphviz } from "./graphviz.js";

const ELSEWHERE = "{{pyodide}}";
const KINDS = { mjs: "text/javascript", wasm: "application/wasm" };

let engine;

// From disk browsers start workers of the old kind only, which Pyodide refuses; it runs in them, and tells them by this.
self.importScripts = undefined;

self.onmessage = async ({ data }) => {
  if (data.carried) {
    engine = load(data.carried);
    engine.then(() => postMessage({ ready: true }), error => postMessage({ failed: reason(error) }));
    return;
  }
  const loaded = await engine.catch(() => null); // the page knows already
  try {
    if (loaded) answer(loaded.answers, data);
  } catch (error) {
    postMessage({ broken: reason(error) });
  }
};

async function load(carried) {
  count(carried);
  const folder = await home();
  const module = name => import(name in carried ? URL.createObjectURL(blob(carried, name)) : folder + name);
  const { loadPyodide } = await module("pyodide.mjs");
  const [python, layout, code] = await Promise.all([
    loadPyodide({ indexURL: folder, createPyodideModule: (await module("pyodide.asm.mjs")).default }),
    graphviz("graphviz.wasm"),
    fetch("scalargrad.zip").then(response => response.arrayBuffer()),
  ]);
  python.unpackArchive(code, "zip");
  const answering = python.pyimport("scalargrad.playground.answers");
  answering.lay_out_with(layout);
  return answering;
}

// Pyodide's folder: the one beside this page, if there is one.
async function home() {
  if (!self.location.protocol.startsWith("http")) return ELSEWHERE; // nothing stands beside a file
  const beside = new URL("pyodide/", self.location).href;
  const found = await fetch(beside + "pyodide.mjs").catch(() => null); // without a network
  return found?.ok && /javascript/.test(found.headers.get("content-type")) ? beside : ELSEWHERE;
}

// From now on tells the page of every byte that arrives, and takes from what it carries what is there.
function count(carried) {
  const plain = self.fetch;
  self.fetch = async (...request) => {
    const name = String(request[0]).split("/").pop();
    const response = name in carried ? new Response(blob(carried, name)) : await plain(...request);
    const told = new TransformStream({
      transform(chunk, onwards) {
        postMessage({ bytes: chunk.length });
        onwards.enqueue(chunk);
      },
    });
    return new Response(response.body?.pipeThrough(told), response);
  };
}

function blob(carried, name) {
  return new Blob([carried[name]], { type: KINDS[name.split(".").pop()] });
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
