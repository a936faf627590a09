/** The edge's log: one JSON object a line on standard output, no secret in any of them. */

const LONGEST_PATH = 2_048;

let lines = "";

/**
 * @param {"info" | "warning"} level
 * @param {string} event
 * @param {object} fields
 */
export function log(level, event, fields) {
  // Lines of one turn of the event loop are written together: a write is a system call.
  if (lines === "") setImmediate(flush);
  lines += `${JSON.stringify({ ts: new Date().toISOString(), level, event, ...fields })}\n`;
}

/** Write what was logged and not yet written. */
export function flush() {
  if (lines !== "") process.stdout.write(lines);
  lines = "";
}

/**
 * A request's target as it may be logged: values of the query may be tokens and signatures.
 *
 * @param {string} target
 */
export function withoutValues(target) {
  const mark = target.indexOf("?");
  if (mark < 0) return target.slice(0, LONGEST_PATH);
  const pairs = target.slice(mark + 1).split("&").map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? "*" : `${pair.slice(0, equals)}=*`;
  });
  return `${target.slice(0, mark)}?${pairs.join("&")}`.slice(0, LONGEST_PATH);
}
