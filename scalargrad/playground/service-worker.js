// Keeps everything after the first visit, so that the playground works without a network.

const OURS = `scalargrad ${registration.scope} `;
const FOLDER = OURS + "{{digest}}";
const PYODIDE = OURS + "{{pyodide}}"; // stays when the folder is written anew: it is large, and the same
const FILES = {{files}};

self.addEventListener("install", event => event.waitUntil(fill()));
self.addEventListener("activate", event => event.waitUntil(tidy()));
self.addEventListener("fetch", event => {
  const { method, url } = event.request;
  const pyodide = url.startsWith(registration.scope + "pyodide/") || url.startsWith("{{pyodide}}");
  const ours = pyodide || url.startsWith(registration.scope);
  if (method === "GET" && ours) event.respondWith(kept(event, pyodide ? PYODIDE : FOLDER));
});

async function fill() {
  const cache = await caches.open(FOLDER);
  await cache.addAll(FILES.map(file => new Request(file, { cache: "reload" })));
}

async function tidy() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== FOLDER && name !== PYODIDE) await caches.delete(name);
  }
  await clients.claim(); // this first visit is kept already
}

async function kept(event, name) {
  const cache = await caches.open(name);
  const found = await cache.match(event.request, { ignoreSearch: true });
  if (found) return found;
  const response = await fetch(event.request);
  if (response.ok) event.waitUntil(cache.put(event.request, response.clone()));
  return response;
}
