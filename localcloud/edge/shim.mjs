/** The Python modules that the edge adds to a version, because this runtime is older than Cloudflare's Python SDK. */

import { readFileSync } from "node:fs";

const ENTRY = read("_edge_entry.py");
const WORKERS = read("workers/__init__.py");

/**
 * @param {string} main the version's main module
 * @param {string[]} names the version's modules; one that brings its own `workers` keeps it
 * @returns {import("./workerd_config.mjs").Source[]}
 */
export function shim(main, names) {
  const sources = [
    { name: "_edge_entry.py", source: ENTRY },
    { name: "_edge_main.py", source: `NAME = ${JSON.stringify(main.replace(/\.py$/, ""))}\n` },
  ];
  const own = names.some((name) => name === "workers.py" || name.startsWith("workers/"));
  return own ? sources : [...sources, { name: "workers/__init__.py", source: WORKERS }];
}

/** @param {string} path */
function read(path) {
  return readFileSync(new URL(`shim/${path}`, import.meta.url), "utf8");
}
