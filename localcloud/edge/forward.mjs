/** A request passed on to a runtime, and its answer passed back; both bodies stream. */

import { request as send } from "node:http";

import { BROKEN, unavailable } from "./pages.mjs";

/** @typedef {import("./router.mjs").Exchange} Exchange */
/** @typedef {import("./runtime.mjs").Runtime} Runtime */
/** @typedef {import("node:http").IncomingMessage} IncomingMessage */

const SWITCHING = 101;
const PATIENCE_MS = 8_000;
// RFC 9110, 7.6.1: they concern one connection only. `expect` the edge answers itself.
const HOP_BY_HOP = new Set(
  "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect".split(" "),
);
// What the edge itself says of a request; a client may not.
const EDGE_REQUEST = new Set(
  "host x-request-id x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip cf-connecting-ip cf-ray cf-visitor".split(" "),
);
const EDGE_ANSWER = new Set(["cf-ray"]);
// The runtime has not seen a request that failed so.
const NEVER_SENT = new Set(["ECONNREFUSED", "ENOENT"]);

/**
 * @param {Exchange} exchange
 * @param {Runtime} runtime
 * @param {(page: import("./pages.mjs").Page) => void} fail
 * @param {boolean} [again]
 */
export function forward(exchange, runtime, fail, again = false) {
  const { request, response, upgrade } = exchange;
  const chunked = request.headers["transfer-encoding"] !== undefined;
  const hasBody = chunked || (request.headers["content-length"] ?? "0") !== "0";
  const sent = send({
    agent: runtime.agent,
    socketPath: runtime.workerd?.socketPath,
    method: request.method,
    path: exchange.target,
    // As a flat list, which keeps order, case and repeated headers.
    headers: /** @type {any} */ (requestHeaders(exchange, chunked)),
  });
  const leave = () => sent.destroy();
  response.once("close", leave);
  sent.on("response", (answer) => passBack(exchange, answer));
  sent.on("upgrade", (answer, socket, head) => join(exchange, answer, socket, head));
  sent.on("error", async (error) => {
    response.off("close", leave);
    if (response.headersSent || response.closed) return void response.destroy();
    const unseen = NEVER_SENT.has(/** @type {NodeJS.ErrnoException} */ (error).code ?? "");
    const repeatable = unseen || request.method === "GET" || request.method === "HEAD";
    if (again || hasBody || upgrade || !repeatable) return fail(unseen ? unavailable("The worker's runtime is restarting.") : BROKEN);
    await runtime.serving(PATIENCE_MS);
    forward(exchange, runtime, fail, true);
  });
  if (hasBody && !upgrade) request.pipe(sent);
  else sent.end();
}

/**
 * @param {Exchange} exchange
 * @param {IncomingMessage} answer
 */
function passBack(exchange, answer) {
  const { request, response, ray } = exchange;
  const { statusCode = 502, statusMessage } = answer;
  exchange.status = statusCode;
  response.writeHead(statusCode, statusMessage, [...kept(answer.rawHeaders, answer.headers.connection, EDGE_ANSWER), "cf-ray", ray]);
  answer.on("data", (part) => (exchange.bytes += part.length));
  answer.on("error", () => response.destroy());
  answer.pipe(response);
  // A worker that answered without reading the whole body: the rest must not block the connection.
  answer.once("end", () => request.readableEnded || request.unpipe().resume());
}

/**
 * @param {Exchange} exchange
 * @param {IncomingMessage} answer
 * @param {import("node:net").Socket} far
 * @param {Buffer} head
 */
function join(exchange, answer, far, head) {
  const { request, response, upgrade } = exchange;
  if (upgrade === undefined) return void far.destroy(); // a runtime upgrades only what it was asked to
  const near = /** @type {import("node:net").Socket} */ (upgrade.socket);
  response.detachSocket(near);
  exchange.status = SWITCHING;
  const lines = [`HTTP/1.1 ${SWITCHING} ${answer.statusMessage}`];
  for (let at = 0; at < answer.rawHeaders.length; at += 2) lines.push(`${answer.rawHeaders[at]}: ${answer.rawHeaders[at + 1]}`);
  near.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) near.write(head);
  if (upgrade.head.length > 0) far.write(upgrade.head);
  far.on("error", () => near.destroy());
  far.on("close", () => near.destroy());
  near.on("close", () => {
    far.destroy();
    exchange.done();
  });
  near.setTimeout(0);
  near.pipe(far).pipe(near);
  request.resume();
}

/**
 * @param {Exchange} exchange
 * @param {boolean} chunked
 */
function requestHeaders({ request, upgrade, host, scheme, requestId, ray }, chunked) {
  const { headers, rawHeaders, socket } = request;
  const client = socket.remoteAddress ?? "";
  const before = headers["x-forwarded-for"];
  const list = kept(rawHeaders, headers.connection, EDGE_REQUEST).concat(
    ["host", host],
    ["x-request-id", requestId],
    ["x-forwarded-for", before === undefined ? client : `${before}, ${client}`],
    ["x-forwarded-host", headers.host ?? ""],
    ["x-forwarded-proto", scheme],
    ["x-real-ip", client],
    ["cf-connecting-ip", client],
    ["cf-ray", ray],
    ["cf-visitor", JSON.stringify({ scheme })],
  );
  if (upgrade) return list.concat(["connection", "upgrade"], ["upgrade", "websocket"]);
  return chunked ? list.concat(["transfer-encoding", "chunked"]) : list;
}

/**
 * The headers of a message that go further than the next hop.
 *
 * @param {string[]} raw name, value, name, value …
 * @param {string | undefined} connection which names more that do not
 * @param {Set<string>} edge those that the edge sets itself
 */
function kept(raw, connection, edge) {
  const named = connection === undefined ? undefined : new Set(connection.toLowerCase().split(/\s*,\s*/));
  const list = /** @type {string[]} */ ([]);
  for (let at = 0; at < raw.length; at += 2) {
    const name = /** @type {string} */ (raw[at]);
    const low = name.toLowerCase();
    if (!HOP_BY_HOP.has(low) && !edge.has(low) && !named?.has(low)) list.push(name, /** @type {string} */ (raw[at + 1]));
  }
  return list;
}
