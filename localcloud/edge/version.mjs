/** A version of a worker, as the Cloudflare emulator hands it over, and what is wrong with one that cannot run. */

/** @typedef {{name: string, content_type: string, content_base64: string}} Module */
/** @typedef {{type: string, name: string, text?: string, json?: unknown, bucket_name?: string}} Binding */
/**
 * @typedef {{
 *   version_id: string,
 *   script: string,
 *   main_module: string,
 *   compatibility_date: string,
 *   compatibility_flags: string[],
 *   modules: Module[],
 *   bindings: Binding[],
 * }} Version
 */

/** The version cannot run; `detail` is the traceback or the runtime's own words. */
export class VersionError extends Error {
  /**
   * @param {string} message
   * @param {string} detail
   */
  constructor(message, detail = "") {
    super(message);
    this.detail = detail;
  }
}

// Shorter ones would tear ordinary words out of what a worker prints.
const SHORTEST_SECRET = 8;

/**
 * A function that takes a version's secrets, and one of the edge's own, out of a text.
 *
 * @param {Version} version
 * @param {string} token
 * @returns {(text: string) => string}
 */
export function redaction({ bindings }, token) {
  const secrets = bindings
    .filter(({ type, text }) => type === "secret_text" && text !== undefined && text.length >= SHORTEST_SECRET)
    .map(({ text }) => /** @type {string} */ (text));
  return (text) => [...secrets, token].reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
}
