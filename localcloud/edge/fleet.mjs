/** The runtimes that are alive, one a version. */

import { randomBytes } from "node:crypto";

import { Runtime } from "./runtime.mjs";
import { VersionError, redaction } from "./version.mjs";
import { render } from "./workerd_config.mjs";

/** @typedef {import("./version.mjs").Version} Version */

// A checked version waits for its deployment; each costs some 200 MB.
const CANDIDATES = 2;
const CANDIDATE_MS = 60_000;
const DRAIN_MS = 30_000;

export class Fleet {
  #runtimes = /** @type {Map<string, Promise<Runtime>>} */ (new Map());
  #alive = /** @type {Set<Runtime>} */ (new Set());
  #candidates = /** @type {Map<string, NodeJS.Timeout>} */ (new Map());
  #needed = /** @type {Set<string>} */ (new Set());

  /**
   * @param {{
   *   directory: string,
   *   r2: {port: number, token: string},
   *   version: (id: string) => Promise<Version>,
   *   shim: (main: string, names: string[]) => import("./workerd_config.mjs").Source[],
   *   log: (level: "info" | "warning", event: string, fields: object) => void,
   * }} parts
   */
  constructor({ directory, r2, version, shim, log }) {
    this.directory = directory;
    this.r2 = r2;
    this.version = version;
    this.shim = shim;
    this.log = log;
  }

  /** Every runtime whose process runs or is being restarted, those that drain included. */
  get alive() {
    return [...this.#alive];
  }

  /**
   * The runtime of a version, booted and warm.
   *
   * @param {string} id
   * @throws {import("./version.mjs").VersionError}
   */
  ready(id) {
    const known = this.#runtimes.get(id);
    if (known) return known;
    const booting = this.#boot(id);
    this.#runtimes.set(id, booting);
    booting.catch(() => this.#runtimes.delete(id));
    return booting;
  }

  /**
   * Boot a version that is not deployed yet, and keep it warm for a while.
   *
   * @param {string} id
   */
  async check(id) {
    if (!this.#needed.has(id)) this.#nominate(id);
    return this.ready(id);
  }

  /**
   * Keep the runtimes of these versions; every other one but the candidates drains and stops.
   *
   * @param {Iterable<string>} ids
   */
  keep(ids) {
    this.#needed = new Set(ids);
    for (const id of this.#needed) {
      clearTimeout(this.#candidates.get(id));
      this.#candidates.delete(id);
    }
    for (const id of this.#runtimes.keys()) if (!this.#candidates.has(id)) this.#drop(id);
  }

  /** @param {number} milliseconds for requests that are under way */
  async close(milliseconds) {
    for (const timer of this.#candidates.values()) clearTimeout(timer);
    this.#runtimes.clear();
    await Promise.all(this.alive.map((runtime) => runtime.retire(milliseconds)));
  }

  /** @param {string} id */
  #nominate(id) {
    clearTimeout(this.#candidates.get(id));
    this.#candidates.delete(id);
    this.#candidates.set(id, setTimeout(() => this.#drop(id), CANDIDATE_MS).unref());
    const [oldest] = this.#candidates.keys();
    if (this.#candidates.size > CANDIDATES && oldest !== undefined) this.#drop(oldest);
  }

  /** @param {string} id */
  async #boot(id) {
    const version = await this.version(id);
    const names = version.modules.map(({ name }) => name);
    const eventHeader = `x-edge-event-${randomBytes(16).toString("hex")}`;
    const config = render(version, this.shim(version.main_module, names), this.r2, eventHeader);
    const clean = redaction(version, this.r2.token);
    const runtime = new Runtime(version, this.directory, config, eventHeader, clean, (level, event, fields) => {
      const told = Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? clean(value) : value]);
      this.log(level, event, { script: version.script, version: id, ...Object.fromEntries(told) });
    });
    this.#alive.add(runtime);
    try {
      await runtime.boot();
    } catch (error) {
      this.#alive.delete(runtime);
      if (!(error instanceof VersionError)) throw error;
      throw new VersionError(clean(error.message), clean(error.detail));
    }
    return runtime;
  }

  /** @param {string} id */
  #drop(id) {
    if (this.#needed.has(id)) return;
    this.#candidates.delete(id);
    const dropped = this.#runtimes.get(id);
    this.#runtimes.delete(id);
    void dropped?.then(
      async (runtime) => {
        await runtime.retire(DRAIN_MS);
        this.#alive.delete(runtime);
        this.log("info", "runtime_stopped", { script: runtime.version.script, version: id });
      },
      () => undefined, // it never came up, and whoever asked for it was told
    );
  }
}
