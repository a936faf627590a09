/** The edge's own port, for the emulator, the supervisor and `ops`: nothing of it is reachable through the router. */

import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

import { EmulatorError } from "./emulator.mjs";
import { NoTriggerError } from "./schedules.mjs";
import { VersionError } from "./version.mjs";

/** @typedef {{status: number, body: object}} Answer */

const CHECK = /^\/versions\/([\w-]+)\/check$/;
const PAGE_BYTES = 4096;
const MOST_BODY_CHARACTERS = 4096;

class BodyError extends Error {}

/**
 * The handler of the control port's requests.
 *
 * @param {import("./edge.mjs").Edge} edge
 * @param {import("./fleet.mjs").Fleet} fleet
 * @param {import("./schedules.mjs").Scheduler} scheduler
 * @param {string} token
 * @returns {import("node:http").RequestListener}
 */
export function control(edge, fleet, scheduler, token) {
  return async (request, response) => {
    const { status, body } = await answer(edge, fleet, scheduler, token, request).catch(refusal);
    request.resume();
    response.writeHead(status, { "content-type": "application/json" });
    response.end(`${JSON.stringify(body)}\n`);
  };
}

/**
 * @param {import("./edge.mjs").Edge} edge
 * @param {import("./fleet.mjs").Fleet} fleet
 * @param {import("./schedules.mjs").Scheduler} scheduler
 * @param {string} token
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<Answer>}
 */
async function answer(edge, fleet, scheduler, token, request) {
  const { method, url = "", headers } = request;
  const route = `${method} ${url}`;
  if (route === "GET /_local/health") return { status: 200, body: { ok: true } };
  if (!same(headers.authorization ?? "", `Bearer ${token}`)) {
    return { status: 401, body: { ok: false, error: "The bearer token is not this local cloud's. It is secrets.control in its config.json." } };
  }
  if (route === "GET /_local/state") return { status: 200, body: state(edge, fleet) };
  if (route === "POST /sync") {
    await edge.sync();
    return { status: 200, body: { ok: true } };
  }
  if (route === "POST /schedules/run") {
    const outcome = await scheduler.run(await scriptOf(request));
    return { status: 200, body: { ok: outcome.outcome === "ok", ...outcome } };
  }
  const id = method === "POST" ? CHECK.exec(url)?.[1] : undefined;
  if (id === undefined) return { status: 404, body: { ok: false, error: `No such route: ${route}` } };
  const { startupMs } = await fleet.check(id);
  return { status: 200, body: { ok: true, startup_ms: startupMs } };
}

/** @param {import("node:http").IncomingMessage} request */
async function scriptOf(request) {
  let text = "";
  for await (const part of request.setEncoding("utf8")) if (text.length < MOST_BODY_CHARACTERS) text += part;
  try {
    const { script } = JSON.parse(text);
    if (typeof script === "string") return script;
  } catch {
    // said below
  }
  throw new BodyError('The body is not {"script": "<name>"}. Nothing was run. Send the name of a script that has cron triggers.');
}

/**
 * @param {unknown} error
 * @returns {Answer}
 */
function refusal(error) {
  if (error instanceof BodyError) return { status: 400, body: { ok: false, error: error.message } };
  if (error instanceof NoTriggerError) return { status: 404, body: { ok: false, error: error.message } };
  if (error instanceof VersionError) return { status: 422, body: { ok: false, error: error.message, detail: error.detail } };
  if (error instanceof EmulatorError) return { status: 503, body: { ok: false, error: error.message } };
  return { status: 500, body: { ok: false, error: String(error), detail: /** @type {Error} */ (error).stack ?? "" } };
}

/**
 * @param {import("./edge.mjs").Edge} edge
 * @param {import("./fleet.mjs").Fleet} fleet
 */
function state(edge, fleet) {
  const { rules, scripts, failures } = edge.table;
  return {
    ok: true,
    synced: edge.synced,
    rss_bytes: process.memoryUsage.rss(),
    routes: rules.map(({ route }) => ({ pattern: route.pattern, script: route.script })),
    scripts: Object.fromEntries([...scripts].map(([script, { deployment }]) => [script, deployment])),
    failures: Object.fromEntries([...failures].map(([script, { error }]) => [script, error.message])),
    runtimes: fleet.alive.map((runtime) => ({
      script: runtime.version.script,
      version_id: runtime.version.version_id,
      state: runtime.state,
      pid: runtime.workerd?.pid ?? null,
      socket: runtime.workerd?.socketPath ?? null,
      rss_bytes: runtime.workerd ? residentBytes(runtime.workerd.pid) : null,
      in_flight: runtime.inFlight,
      restarts: runtime.restarts,
      startup_ms: runtime.startupMs,
      started_at: new Date(runtime.startedAt).toISOString(),
    })),
  };
}

/**
 * Null where the system does not tell, or the process has just ended.
 *
 * @param {number} pid
 */
function residentBytes(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return null;
  }
}

/**
 * @param {string} given
 * @param {string} expected
 */
function same(given, expected) {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
