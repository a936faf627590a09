/** What the edge answers where no worker does: plain text that says what happened, what it means and what to do. */

/** @typedef {{status: number, text: string, retryAfter?: number}} Page */

const SHOWN_ROUTES = 5;

/**
 * @param {string} address host and path
 * @param {string[]} patterns
 * @returns {Page}
 */
export function noRoute(address, patterns) {
  const shown = patterns.slice(0, SHOWN_ROUTES).join(", ") || "none";
  return {
    status: 404,
    text: `No route matches ${address}.\nNo worker was asked. Routes at this edge: ${shown}.\nDeploy one with \`pulumi up --stack local\`, or ask for a host that has one.`,
  };
}

/**
 * @param {string} address
 * @returns {Page}
 */
export function noOrigin(address) {
  return {
    status: 530,
    text: `The route that matches ${address} names no worker (error 1016).\nSuch a request goes to the origin server, and the local cloud has none.\nGive the route a script, or remove it.`,
  };
}

/**
 * @param {string} script
 * @returns {Page}
 */
export function noDeployment(script) {
  return {
    status: 404,
    text: `There is nothing here yet: the worker ${script} has no deployment.\nIts route exists, no version of it serves.\nDeploy one with \`pulumi up --stack local\`.`,
  };
}

/**
 * @param {string} script
 * @returns {Page}
 */
export function doesNotStart(script) {
  return {
    status: 500,
    text: `The deployed version of the worker ${script} does not start (error 1101).\nThe edge tried when it started; the Python error is in its log.\nSee \`ops local logs edge\`, then deploy a version that starts.`,
  };
}

/**
 * @param {string} what
 * @returns {Page}
 */
export function unavailable(what) {
  return { status: 503, retryAfter: 2, text: `${what}\nThe request was not passed to a worker.\nTry again in a moment; \`ops local status\` tells more.` };
}

/** @type {Page} */
export const BROKEN = {
  status: 502,
  text: "The worker's runtime ended while it had this request.\nWhat the request asked for may or may not have been done.\nTry again; `ops local logs edge` tells why it ended.",
};

/** @type {Page} */
export const BAD_REQUEST = {
  status: 400,
  text: "The request's address is neither a path nor an http address.\nNo worker was asked.\nSend a path that starts with /.",
};
