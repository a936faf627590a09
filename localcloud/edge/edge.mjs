/** What is live: the routes and deployments that requests are served by, brought in line with the emulator. */

import { choose } from "./deployment.mjs";
import { match, table } from "./routes.mjs";
import { timetable } from "./schedules.mjs";
import { VersionError } from "./version.mjs";

/** @typedef {import("./runtime.mjs").Runtime} Runtime */
/** @typedef {import("./deployment.mjs").Deployment} Deployment */
/** @typedef {{deployment: Deployment, runtimes: Map<string, Runtime>}} Live */
/** @typedef {{deploymentId: string, error: VersionError}} Failure */
/** @typedef {{rules: import("./routes.mjs").Rule[], scripts: Map<string, Live>, failures: Map<string, Failure>, schedules: import("./schedules.mjs").Timetable}} Table */
/**
 * Where a request goes. Exactly one of `runtime` and `missing` is there.
 * @typedef {{script?: string, runtime?: Runtime, missing?: "route" | "worker" | "deployment" | "failed"}} Destination
 */

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 2_000;

export class Edge {
  /** @type {Table} */
  table = { rules: [], scripts: new Map(), failures: new Map(), schedules: new Map() };
  synced = false;
  #turn = /** @type {Promise<unknown>} */ (Promise.resolve());
  /** @type {() => void} */
  #begin = () => undefined;
  /** Settles when the emulator was first heard. */
  ready = new Promise((/** @type {(value?: undefined) => void} */ settle) => (this.#begin = settle));

  /**
   * @param {import("./emulator.mjs").Emulator} emulator
   * @param {import("./fleet.mjs").Fleet} fleet
   * @param {(level: "info" | "warning", event: string, fields: object) => void} log
   */
  constructor(emulator, fleet, log) {
    this.emulator = emulator;
    this.fleet = fleet;
    this.log = log;
  }

  /** Sync until the emulator answers. */
  async start() {
    for (let wait = FIRST_RETRY_MS; !this.synced; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      try {
        await this.sync();
      } catch (error) {
        if (this.synced) return; // a version that does not start is told about in the log and in each answer
        this.log("warning", "waiting_for_emulator", { error: String(error) });
        await new Promise((settle) => setTimeout(settle, wait));
      }
    }
  }

  /**
   * Serve what the emulator now says is deployed; one at a time.
   *
   * @returns {Promise<void>} settled once new requests go there
   * @throws {VersionError} a new deployment does not start: the script's old one keeps serving
   * @throws {import("./emulator.mjs").EmulatorError}
   */
  sync() {
    const turn = this.#turn.then(() => this.#pull());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * @param {import("./routes.mjs").Address} address
   * @param {import("node:http").IncomingHttpHeaders} headers
   * @returns {Destination}
   */
  destination(address, headers) {
    const rule = match(this.table.rules, address);
    if (rule === undefined) return { missing: "route" };
    const { script } = rule.route;
    if (script === null) return { missing: "worker" };
    const live = this.table.scripts.get(script);
    if (live === undefined) return { script, missing: this.table.failures.has(script) ? "failed" : "deployment" };
    const id = choose(script, live.deployment, headers);
    const runtime = id === undefined ? undefined : live.runtimes.get(id);
    return runtime === undefined ? { script, missing: "deployment" } : { script, runtime };
  }

  async #pull() {
    const { routes, scripts, schedules } = await this.emulator.state();
    const rules = table(routes, (error) => this.log("warning", "route_ignored", { error: error.message }));
    const next = /** @type {Table} */ ({ rules, scripts: new Map(), failures: new Map(), schedules: timetable(schedules) });
    const fresh = /** @type {Failure[]} */ ([]);
    for (const [script, deployment] of Object.entries(scripts)) {
      const outcome = await this.#live(deployment);
      if (!(outcome instanceof VersionError)) {
        next.scripts.set(script, outcome);
        continue;
      }
      const failure = { deploymentId: deployment.deployment_id, error: outcome };
      if (this.table.failures.get(script)?.deploymentId !== deployment.deployment_id) fresh.push(failure);
      next.failures.set(script, failure);
      const old = this.table.scripts.get(script);
      if (old) next.scripts.set(script, old);
    }
    this.#swap(next);
    if (fresh[0]) throw fresh[0].error;
  }

  /**
   * @param {Deployment} deployment
   * @returns {Promise<Live | VersionError>}
   */
  async #live(deployment) {
    const runtimes = new Map();
    try {
      for (const { version_id } of deployment.versions) runtimes.set(version_id, await this.fleet.ready(version_id));
    } catch (error) {
      if (error instanceof VersionError) return error;
      throw error;
    }
    return { deployment, runtimes };
  }

  /** @param {Table} next */
  #swap(next) {
    this.table = next;
    this.synced = true;
    this.#begin();
    this.fleet.keep([...next.scripts.values()].flatMap(({ runtimes }) => [...runtimes.keys()]));
    const deployments = [...next.scripts].map(([script, { deployment }]) => [script, deployment.deployment_id]);
    this.log("info", "synced", { routes: next.rules.length, deployments: Object.fromEntries(deployments) });
    for (const [script, { error }] of next.failures) this.log("warning", "not_started", { script, error: error.message });
  }
}
