/**
 * Route patterns, matched as Cloudflare matches them.
 *
 * Pure. Source: Cloudflare's documentation, "Routes: matching behavior and validity" and "Known issues: route specificity".
 */

/** @typedef {{id: string, zone?: string, pattern: string, script: string | null}} Route */
/**
 * A route, parsed. `host` and `path` lack their wildcard: `anyHost` and `anyPath` say that it stood there.
 * @typedef {{route: Route, scheme: string | null, anyHost: boolean, host: string, anyPath: boolean, path: string}} Rule
 */
/** @typedef {{scheme: string, host: string, target: string}} Address `target` is path and query, as sent. */

/** A pattern that Cloudflare would not take. */
export class PatternError extends Error {}

/**
 * @param {Route} route
 * @returns {Rule}
 */
export function parse(route) {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.*)$/s.exec(route.pattern) ?? [];
  if (rest.includes("?")) throw new PatternError(`${route.pattern}: a route pattern holds no query parameters`);
  const slash = rest.indexOf("/");
  const host = (slash < 0 ? rest : rest.slice(0, slash)).toLowerCase();
  const path = slash < 0 ? "/" : rest.slice(slash);
  const rule = {
    route,
    scheme: scheme ?? null,
    anyHost: host.startsWith("*"),
    host: host.replace(/^\*/, ""),
    anyPath: path.endsWith("*"),
    path: path.replace(/\*$/, ""),
  };
  if (host === "") throw new PatternError(`${route.pattern}: a route pattern names a host`);
  if (rule.host.includes("*") || rule.path.includes("*")) {
    throw new PatternError(`${route.pattern}: * may stand only before the host and after the path`);
  }
  return rule;
}

/**
 * Parsed routes, most specific first, so that the first match wins.
 *
 * @param {Route[]} routes
 * @param {(error: PatternError) => void} refused told of each pattern that is left out
 * @returns {Rule[]}
 */
export function table(routes, refused) {
  return routes
    .flatMap((route) => {
      try {
        return [parse(route)];
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        refused(error);
        return [];
      }
    })
    .sort(bySpecificity);
}

/**
 * The rule that takes a request; its route may have no script, which means that no worker runs there.
 *
 * @param {Rule[]} rules from `table`
 * @param {Address} address
 * @returns {Rule | undefined}
 */
export function match(rules, address) {
  return rules.find((rule) => matches(rule, address));
}

/**
 * @param {Rule} rule
 * @param {Address} address
 */
function matches(rule, { scheme, host, target }) {
  if (rule.scheme !== null && rule.scheme !== scheme) return false;
  if (!(rule.anyHost ? endsWith(host, rule) : host === rule.host)) return false;
  return rule.anyPath ? target.startsWith(rule.path) : target === rule.path;
}

/**
 * Whether a host is one that `*suffix` stands for.
 *
 * The wildcard takes any characters, but a route never leaves its zone: `*example.com` is not `notexample.com`.
 *
 * @param {string} host
 * @param {Rule} rule
 */
function endsWith(host, { host: suffix, route: { zone } }) {
  if (!host.endsWith(suffix)) return false;
  if (zone) return host === zone || host.endsWith(`.${zone}`);
  return suffix === "" || suffix.startsWith(".") || host === suffix || host.endsWith(`.${suffix}`);
}

/**
 * @param {Rule} a
 * @param {Rule} b
 */
function bySpecificity(a, b) {
  return (
    Number(a.anyHost) - Number(b.anyHost) ||
    b.host.length - a.host.length ||
    Number(a.anyPath) - Number(b.anyPath) ||
    stem(b).length - stem(a).length ||
    // Cloudflare's known issue: `images*` wins over `images/*`, for every address that both match.
    a.path.length - b.path.length ||
    Number(a.scheme === null) - Number(b.scheme === null) ||
    (a.route.pattern < b.route.pattern ? -1 : 1)
  );
}

/** @param {Rule} rule */
function stem({ path }) {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
