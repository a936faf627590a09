/** What the Cloudflare emulator knows: it is the only source of truth, the edge keeps nothing. */

import { call } from "./call.mjs";

/** @typedef {import("./version.mjs").Version} Version */
/**
 * @typedef {{
 *   account_id: string,
 *   routes: import("./routes.mjs").Route[],
 *   scripts: Record<string, import("./deployment.mjs").Deployment>,
 *   schedules: Record<string, import("./schedules.mjs").Schedule>,
 * }} CloudState
 */

const PATIENCE_MS = 10_000;

/** The emulator did not answer as it should; the message says what to do. */
export class EmulatorError extends Error {}

export class Emulator {
  /**
   * @param {number} port
   * @param {string} token
   */
  constructor(port, token) {
    this.port = port;
    this.token = token;
  }

  /** @returns {Promise<CloudState>} */
  state() {
    return this.#get("/_local/edge");
  }

  /**
   * @param {string} id
   * @returns {Promise<Version>}
   */
  version(id) {
    return this.#get(`/_local/edge/versions/${encodeURIComponent(id)}`);
  }

  /** @param {string} path */
  async #get(path) {
    const headers = { authorization: `Bearer ${this.token}` };
    const { status, body } = await call({ host: "127.0.0.1", port: this.port, path, headers }, PATIENCE_MS).catch(
      (error) => {
        throw new EmulatorError(`${this.#name(path)} (${error.message}). Nothing was changed at the edge. Run \`make up\`.`);
      },
    );
    if (status !== 200) throw new EmulatorError(`${this.#name(path)} (status ${status}). See \`ops local logs cloudflare\`.`);
    return JSON.parse(body);
  }

  /** @param {string} path */
  #name(path) {
    return `The Cloudflare emulator on port ${this.port} did not give ${path}`;
  }
}
