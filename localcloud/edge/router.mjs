/** The way of one request: from a client, by its route, to a runtime and back. */

import { randomBytes, randomUUID } from "node:crypto";
import { ServerResponse } from "node:http";

import { forward } from "./forward.mjs";
import { withoutValues } from "./log.mjs";
import { BAD_REQUEST, doesNotStart, noDeployment, noOrigin, noRoute, unavailable } from "./pages.mjs";

/** @typedef {import("node:http").IncomingMessage} IncomingMessage */
/** @typedef {import("./runtime.mjs").Runtime} Runtime */
/** @typedef {{socket: import("node:stream").Duplex, head: Buffer}} Upgrade */
/**
 * One request and its answer.
 * @typedef {{
 *   request: IncomingMessage,
 *   response: ServerResponse,
 *   upgrade: Upgrade | undefined,
 *   host: string,
 *   scheme: string,
 *   target: string,
 *   requestId: string,
 *   ray: string,
 *   status: number,
 *   bytes: number,
 *   runtime: Runtime | undefined,
 *   script: string | undefined,
 *   done: () => void,
 * }} Exchange `done` lets go of the runtime and notes the request, once.
 */

// A deployed version boots in 2 s on an idle machine: a request waits for it rather than fail.
const PATIENCE_MS = 10_000;
const COLO = "LOC"; // where Cloudflare has the data centre's code
const LEFT = 499; // as nginx notes a client that left before it had an answer
const REQUEST_ID = /^[\w.:-]{1,128}$/;

export class Router {
  /**
   * @param {import("./edge.mjs").Edge} edge
   * @param {(level: "info" | "warning", event: string, fields: object) => void} log
   */
  constructor(edge, log) {
    this.edge = edge;
    this.log = log;
  }

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   * @param {string | null} ownHost the host that the port stands for
   * @param {Upgrade} [upgrade]
   */
  serve(request, response, ownHost, upgrade) {
    const began = performance.now();
    const exchange = open(request, response, ownHost, upgrade);
    exchange.done = () => {
      exchange.done = () => undefined;
      exchange.runtime?.release();
      this.#note(exchange, performance.now() - began);
    };
    response.once("close", () => exchange.done());
    if (exchange.target === "") answer(exchange, BAD_REQUEST);
    else if (this.edge.synced) void this.#route(exchange);
    else void this.#routeLater(exchange);
  }

  /**
   * A WebSocket, or another protocol, which is ignored as RFC 9110 allows.
   *
   * @param {IncomingMessage} request
   * @param {import("node:net").Socket} socket
   * @param {Buffer} head
   * @param {string | null} ownHost
   */
  upgrade(request, socket, head, ownHost) {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once("finish", () => socket.end());
    socket.on("error", () => socket.destroy());
    if (request.headers.upgrade?.toLowerCase() === "websocket") this.serve(request, response, ownHost, { socket, head });
    else if (head.length === 0) this.serve(request, response, ownHost);
    else socket.end("HTTP/1.1 501 Not Implemented\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  }

  /** @param {Exchange} exchange */
  async #routeLater(exchange) {
    const late = new Promise((settle) => setTimeout(settle, PATIENCE_MS).unref());
    await Promise.race([this.edge.ready, late]);
    if (this.edge.synced) return this.#route(exchange);
    answer(exchange, unavailable("The edge does not know the deployments yet: the Cloudflare emulator has not answered."));
  }

  /** @param {Exchange} exchange */
  async #route(exchange) {
    const destination = this.edge.destination(exchange, exchange.request.headers);
    exchange.script = destination.script;
    const { runtime } = destination;
    if (runtime === undefined) return answer(exchange, this.#page(exchange, destination));
    if (exchange.response.closed) return;
    runtime.inFlight += 1;
    exchange.runtime = runtime;
    if (runtime.state !== "serving" && !(await runtime.serving(PATIENCE_MS))) {
      return answer(exchange, unavailable(`The runtime of ${destination.script} is restarting.`));
    }
    if (exchange.response.closed) return;
    if (exchange.request.headers.expect !== undefined) exchange.response.writeContinue();
    forward(exchange, runtime, (page) => answer(exchange, page));
  }

  /**
   * @param {Exchange} exchange
   * @param {import("./edge.mjs").Destination} destination
   */
  #page({ host, target }, { missing, script = "" }) {
    const address = `${host}${withoutValues(target)}`;
    if (missing === "route") return noRoute(address, this.edge.table.rules.map(({ route }) => route.pattern));
    if (missing === "worker") return noOrigin(address);
    return missing === "failed" ? doesNotStart(script) : noDeployment(script);
  }

  /**
   * @param {Exchange} exchange
   * @param {number} milliseconds
   */
  #note(exchange, milliseconds) {
    const { request, host, target, status, bytes, script, runtime, requestId, ray } = exchange;
    this.log("info", "request", {
      method: request.method,
      host,
      path: withoutValues(target),
      status,
      bytes,
      ms: Math.round(milliseconds * 10) / 10,
      script,
      version: runtime?.version.version_id,
      request_id: requestId,
      ray,
    });
  }
}

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {string | null} ownHost
 * @param {Upgrade | undefined} upgrade
 * @returns {Exchange}
 */
function open(request, response, ownHost, upgrade) {
  const { headers, url = "" } = request;
  const absolute = url.startsWith("/") || !URL.canParse(url) ? undefined : new URL(url);
  const given = headers["x-request-id"];
  return {
    request,
    response,
    upgrade,
    host: ownHost ?? hostname(absolute?.host ?? headers.host ?? ""),
    // The edge itself speaks plain http: a proxy in front of it says what the client spoke.
    scheme: headers["x-forwarded-proto"] === "https" ? "https" : "http",
    target: absolute ? absolute.pathname + absolute.search : url.startsWith("/") ? url : "",
    requestId: typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID(),
    ray: `${randomBytes(8).toString("hex")}-${COLO}`,
    status: LEFT,
    bytes: 0,
    runtime: undefined,
    script: undefined,
    done: () => undefined,
  };
}

/** @param {string} host as a Host header has it */
function hostname(host) {
  return host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
}

/**
 * @param {Exchange} exchange
 * @param {import("./pages.mjs").Page} page
 */
function answer(exchange, { status, text, retryAfter }) {
  const { response, request, requestId, ray } = exchange;
  if (response.closed || response.headersSent) return void response.destroy();
  const body = Buffer.from(`${text}\n\nRay ID: ${ray}\n`);
  if (retryAfter !== undefined) response.setHeader("retry-after", retryAfter);
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": body.length,
    "cache-control": "no-store",
    "cf-ray": ray,
    "x-request-id": requestId,
  });
  exchange.status = status;
  if (request.method !== "HEAD") exchange.bytes = body.length;
  response.end(request.method === "HEAD" ? undefined : body);
  request.resume();
}
