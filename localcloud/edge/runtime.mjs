/** The runtime of one version: a workerd process that is warmed, restarted when it dies, and drained before it stops. */

import { randomBytes } from "node:crypto";
import { Agent } from "node:http";

import { call } from "./call.mjs";
import { VersionError } from "./version.mjs";
import { start } from "./workerd.mjs";

/** @typedef {import("./version.mjs").Version} Version */
/** @typedef {"booting" | "serving" | "down" | "stopped"} State */

const WARM_MS = 12_000; // imports; Cloudflare allows 1 s, on a machine that does nothing else
// developers.cloudflare.com/workers/platform/limits: a cron trigger's duration
const EVENT_MS = 900_000;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
// workerd closes a connection that was idle for 5 s: drop it before, or a request may be sent into a closed one.
const IDLE_MS = 3_000;

export class Runtime {
  /** @type {State} */
  state = "booting";
  /** Requests that hold this runtime; it is not stopped before they are done. */
  inFlight = 0;
  restarts = 0;
  startedAt = 0;
  startupMs = 0;
  agent = new Agent({ keepAlive: true, timeout: IDLE_MS, scheduling: "lifo" });
  /** @type {import("./workerd.mjs").Workerd | undefined} */
  workerd;
  #end = new AbortController();
  #boot = Promise.resolve();
  #waiting = /** @type {Set<() => void>} */ (new Set());

  /**
   * @param {Version} version
   * @param {string} directory
   * @param {string} config
   * @param {string} eventHeader by whose name the runtime knows an event of the edge's; as secret as a password
   * @param {(text: string) => string} clean takes the version's secrets out of a text
   * @param {(level: "info" | "warning", event: string, fields: object) => void} log
   */
  constructor(version, directory, config, eventHeader, clean, log) {
    this.version = version;
    this.directory = directory;
    this.config = config;
    this.eventHeader = eventHeader;
    this.clean = clean;
    this.log = log;
  }

  /**
   * Start the process and import the worker.
   *
   * @throws {VersionError}
   */
  boot() {
    this.#boot = this.#start();
    return this.#boot;
  }

  async #start() {
    const began = performance.now();
    const name = `${this.version.version_id.slice(0, 8)}-${randomBytes(6).toString("hex")}`;
    const workerd = await start(this.directory, name, this.config, this.#end.signal, (stream, line) => {
      this.log("info", "console", { stream, message: line });
    });
    try {
      await warm(workerd);
    } catch (error) {
      await workerd.stop();
      throw error;
    }
    if (this.stopped) return workerd.stop();
    this.workerd = workerd;
    this.startedAt = Date.now();
    this.startupMs = Math.round(performance.now() - began);
    this.#become("serving");
    void workerd.exited.then((how) => this.#died(how));
  }

  get stopped() {
    return this.state === "stopped";
  }

  /**
   * Whether the runtime serves, at the latest after that many milliseconds.
   *
   * @param {number} milliseconds
   */
  async serving(milliseconds) {
    const deadline = Date.now() + milliseconds;
    while (this.state !== "serving" && !this.stopped && Date.now() < deadline) await this.#changed(deadline);
    return this.state === "serving";
  }

  /**
   * Stop once no request holds it, at the latest after that many milliseconds.
   *
   * @param {number} milliseconds
   */
  async retire(milliseconds) {
    const deadline = Date.now() + milliseconds;
    while (this.inFlight > 0 && Date.now() < deadline) await this.#changed(deadline);
    this.#become("stopped");
    await this.workerd?.stop();
    this.#end.abort(); // the process that is perhaps just starting
    await this.#boot.catch(() => undefined);
    this.agent.destroy();
  }

  /**
   * Send a scheduled event; answered when the version's handler and all that it has to wait for are done.
   *
   * @param {{cron: string, scheduledTime: number}} event milliseconds since 1970
   */
  send(event) {
    const headers = { host: "edge.invalid", [this.eventHeader]: JSON.stringify(event) };
    return call({ socketPath: this.workerd?.socketPath, path: "/", headers }, EVENT_MS);
  }

  /** A request is done with this runtime. */
  release() {
    this.inFlight -= 1;
    if (this.inFlight === 0) this.#wake();
  }

  /** @param {string} how */
  async #died(how) {
    if (this.stopped) return;
    this.#become("down");
    this.log("warning", "runtime_died", { how, in_flight: this.inFlight });
    for (let wait = FIRST_RETRY_MS; this.state === "down"; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
      await new Promise((settle) => setTimeout(settle, wait));
      if (this.state !== "down") return;
      this.restarts += 1;
      await this.boot().catch((error) => this.log("warning", "restart_failed", { error: String(error) }));
    }
  }

  /** @param {State} state */
  #become(state) {
    if (!this.stopped) this.state = state;
    this.#wake();
  }

  #wake() {
    for (const wake of [...this.#waiting]) wake();
  }

  /** @param {number} deadline */
  #changed(deadline) {
    return new Promise((/** @type {(value?: undefined) => void} */ settle) => {
      const wake = () => {
        clearTimeout(late);
        this.#waiting.delete(wake);
        settle();
      };
      const late = setTimeout(wake, deadline - Date.now());
      this.#waiting.add(wake);
    });
  }
}

/**
 * Send the request that the shim answers once, before any client's: it imports the worker.
 *
 * @param {import("./workerd.mjs").Workerd} workerd
 */
async function warm({ socketPath, tail }) {
  const options = { socketPath, path: "/", headers: { host: "edge.invalid" } };
  const { status, body } = await call(options, WARM_MS).catch((error) => {
    throw new VersionError(`The worker did not finish starting: ${error.message}`, tail.join("\n"));
  });
  if (status === 200) return;
  if (status === 422) {
    const { error, detail } = JSON.parse(body);
    throw new VersionError(error, detail);
  }
  throw new VersionError("The Workers runtime could not load the worker", tail.join("\n"));
}
