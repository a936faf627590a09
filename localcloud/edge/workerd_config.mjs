/**
 * The configuration of one workerd process, in Cap'n Proto's text form.
 *
 * Pure. Source: workerd's src/workerd/server/workerd.capnp.
 */

import { VersionError } from "./version.mjs";

/** @typedef {import("./version.mjs").Version} Version */
/** @typedef {{name: string, source: string}} Source */

// What an upload may hold (Cloudflare's multipart content types) and the module kind it becomes.
const TEXT_KINDS = new Map([
  ["text/x-python", "pythonModule"],
  ["text/x-python-requirement", "pythonRequirement"],
  ["text/plain", "text"],
  ["application/json", "json"],
]);
const BINARY_TYPE = "application/octet-stream";

/**
 * The configuration that serves one version on the socket named `http`.
 *
 * @param {Version} version
 * @param {Source[]} shim modules that come first; the very first is what workerd runs
 * @param {{port: number, token: string}} r2 where R2's process listens, and the bearer token it wants
 * @param {string} eventHeader whose JSON becomes `request.cf`, which is null for every other request
 * @throws {VersionError} for a module or binding that cannot run here
 */
export function render(version, shim, r2, eventHeader) {
  const modules = [
    ...shim.map(({ name, source }) => `(name = ${literal(name)}, pythonModule = ${literal(source)})`),
    ...version.modules.map(module),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
    ${buckets(version)
      .map((bucket) => service(bucket, r2))
      .join(",\n    ")}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = ${literal(eventHeader)}), service = "worker")],
);
const worker :Workerd.Worker = (
  modules = [
    ${modules.join(",\n    ")}
  ],
  bindings = [
    ${version.bindings.map(binding).join(",\n    ")}
  ],
  compatibilityDate = ${literal(version.compatibility_date)},
  compatibilityFlags = [${flags(version).map(literal).join(", ")}],
);
`;
}

/** @param {Version} version */
function flags({ compatibility_flags }) {
  return [...new Set(["python_workers", ...compatibility_flags])];
}

/** @param {Version} version */
function buckets({ bindings }) {
  return [...new Set(bindings.flatMap(({ type, bucket_name = "" }) => (type === "r2_bucket" ? [bucket_name] : [])))];
}

/**
 * @param {string} bucket
 * @param {{port: number, token: string}} r2
 */
function service(bucket, { port, token }) {
  const headers = [
    `(name = "x-r2-bucket", value = ${literal(bucket)})`,
    `(name = "authorization", value = ${literal(`Bearer ${token}`)})`,
  ];
  const http = `http = (injectRequestHeaders = [${headers.join(", ")}])`;
  return `(name = ${literal(`r2:${bucket}`)}, external = (address = "127.0.0.1:${port}", ${http}))`;
}

/** @param {import("./version.mjs").Module} module */
function module({ name, content_type, content_base64 }) {
  const content = Buffer.from(content_base64, "base64");
  const type = content_type.split(";", 1)[0]?.trim() ?? "";
  if (type === BINARY_TYPE) return `(name = ${literal(name)}, data = 0x"${content.toString("hex")}")`;
  const kind = TEXT_KINDS.get(type);
  if (kind === undefined) {
    throw new VersionError(`Module ${name} has content type ${type}, which the local edge cannot run`);
  }
  return `(name = ${literal(name)}, ${kind} = ${literal(content)})`;
}

/** @param {import("./version.mjs").Binding} binding */
function binding({ type, name, text, json, bucket_name }) {
  switch (type) {
    case "plain_text":
    case "secret_text":
      return `(name = ${literal(name)}, text = ${literal(text ?? "")})`;
    case "json":
      return `(name = ${literal(name)}, json = ${literal(JSON.stringify(json))})`;
    case "r2_bucket":
      return `(name = ${literal(name)}, r2Bucket = ${literal(`r2:${bucket_name}`)})`;
    default:
      throw new VersionError(`Binding ${name} is of type ${type}, which the local edge does not offer`);
  }
}

/**
 * A Cap'n Proto string literal; every byte outside plain ASCII is escaped.
 *
 * @param {string | Buffer} value
 */
function literal(value) {
  const bytes = (typeof value === "string" ? Buffer.from(value) : value).toString("latin1");
  return `"${bytes.replace(/[^\x20-\x7e]|["\\]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
}
