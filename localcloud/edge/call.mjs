/** One small HTTP request of the edge's own: to the emulator, or to a runtime that is starting. */

import { request } from "node:http";

/**
 * @param {import("node:http").RequestOptions} options
 * @param {number} milliseconds for all of it
 * @returns {Promise<{status: number, body: string}>}
 */
export function call(options, milliseconds) {
  return new Promise((settle, fail) => {
    const sent = request({ ...options, agent: false, signal: AbortSignal.timeout(milliseconds) }, (answer) => {
      const parts = /** @type {Buffer[]} */ ([]);
      answer.on("data", (part) => parts.push(part));
      answer.on("error", (error) => fail(lateness(error, milliseconds)));
      answer.on("end", () => settle({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    });
    sent.on("error", (error) => fail(lateness(error, milliseconds)));
    sent.end();
  });
}

/**
 * @param {Error} error
 * @param {number} milliseconds
 */
function lateness(error, milliseconds) {
  return error.name === "AbortError" ? new Error(`no answer within ${milliseconds / 1000} s`) : error;
}
