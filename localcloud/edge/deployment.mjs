/**
 * Which version of a deployment answers a request.
 *
 * Pure. Source: Cloudflare's documentation, "Gradual deployments" (version affinity, version overrides).
 */

/** @typedef {{version_id: string, percentage: number}} Share */
/** @typedef {{deployment_id: string, versions: Share[]}} Deployment */

export const KEY_HEADER = "cloudflare-workers-version-key";
export const OVERRIDES_HEADER = "cloudflare-workers-version-overrides";

/**
 * The id of the version that answers: the overridden one, else by the key's hash, else by chance.
 *
 * @param {string} script
 * @param {Deployment} deployment
 * @param {import("node:http").IncomingHttpHeaders} headers
 * @param {() => number} random 0 <= n < 1
 * @returns {string | undefined} undefined for a deployment of nothing
 */
export function choose(script, { versions }, headers, random = Math.random) {
  const asked = override(script, headers[OVERRIDES_HEADER]);
  if (asked && versions.some(({ version_id }) => version_id === asked)) return asked;
  if (versions.length < 2) return versions[0]?.version_id;
  const key = headers[KEY_HEADER];
  return at(versions, typeof key === "string" ? fraction(key) : random());
}

/**
 * @param {string} script
 * @param {string | string[] | undefined} header `script="version id", other="version id"`
 */
function override(script, header) {
  if (typeof header !== "string") return undefined;
  for (const part of header.split(",")) {
    const [, name, version] = /^\s*([\w-]+)="([\w-]+)"\s*$/.exec(part) ?? [];
    if (name === script) return version;
  }
  return undefined;
}

/**
 * @param {Share[]} versions
 * @param {number} point 0 <= n < 1
 */
function at(versions, point) {
  // In the order of their ids, so that a key stays where it is while the percentages move.
  const ordered = [...versions].sort((a, b) => (a.version_id < b.version_id ? -1 : 1));
  const total = ordered.reduce((sum, { percentage }) => sum + percentage, 0);
  let left = point * total;
  return ordered.find(({ percentage }) => (left -= percentage) < 0)?.version_id;
}

/**
 * A key's place between 0 and 1: FNV-1a with a final mix, because FNV alone leaves similar keys close together.
 *
 * @param {string} key
 */
function fraction(key) {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
