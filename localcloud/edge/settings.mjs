/** The edge's settings, read from the local cloud's settings file (written by localcloud/config.py). */

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** The settings cannot be used; the message says what to do. */
export class SettingsError extends Error {}

/**
 * @typedef {{
 *   directory: string,
 *   listeners: {port: number, host: string | null}[],
 *   controlPort: number,
 *   cloudflare: number,
 *   r2: number,
 *   token: string,
 * }} Settings `host` null: the Host header counts.
 */

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Settings}
 */
export function load(environment) {
  const state = resolve(environment.ALPHOGEN_STATE_DIR || join(CHECKOUT, ".local"));
  const path = join(state, "config.json");
  try {
    return parse(state, JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new SettingsError(
      `${path} cannot be used (${/** @type {Error} */ (error).message}). ` +
        "The edge does not know its ports. Run `ops local reset`, then `make up`.",
    );
  }
}

/**
 * @param {string} state
 * @param {{ports: Record<string, number>, secrets: Record<string, string>, hosts?: Record<string, number>}} document
 * @returns {Settings}
 */
function parse(state, { ports, secrets, hosts = {} }) {
  const own = Object.entries(hosts).map(([host, port]) => ({ host, port: number(port, host) }));
  return {
    directory: join(state, "data", "edge"),
    listeners: [{ host: null, port: number(ports.edge, "ports.edge") }, ...own],
    controlPort: number(ports.edge_control, "ports.edge_control"),
    cloudflare: number(ports.cloudflare, "ports.cloudflare"),
    r2: number(ports.r2, "ports.r2"),
    token: text(secrets.control, "secrets.control"),
  };
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function number(value, name) {
  if (!Number.isInteger(value)) throw new SettingsError(`${name} is not a port`);
  return /** @type {number} */ (value);
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function text(value, name) {
  if (typeof value !== "string" || value === "") throw new SettingsError(`${name} is missing`);
  return value;
}
