/** Cron triggers: at each minute (UTC) that one matches, one event to its script; never two at once for one script. */

import { Cron } from "croner";

/**
 * What the emulator says of a script's triggers; `plain` is `cron` in numbers, a Sunday being 0.
 * @typedef {{version_id: string, crons: {cron: string, plain: string}[]}} Schedule
 */
/** @typedef {{cron: string, matches: (time: Date) => boolean}} Trigger */
/** @typedef {Map<string, {versionId: string, triggers: Trigger[]}>} Timetable */
/**
 * How an event ended; `exception`: the version raised, or has no handler for it.
 * @typedef {{
 *   script: string,
 *   version: string | undefined,
 *   cron: string,
 *   scheduled_time: string,
 *   outcome: "ok" | "exception" | "unavailable",
 *   ms: number,
 *   error?: string,
 *   detail?: string,
 * }} Outcome
 */

const MINUTE_MS = 60_000;
// A deployed version that is being restarted is waited for, as a request does.
const PATIENCE_MS = 10_000;
const RAISED = 422; // as the shim answers

/** The script has no cron trigger, or no deployment. */
export class NoTriggerError extends Error {}

/**
 * The triggers, ready to be matched.
 *
 * @param {Record<string, Schedule>} schedules
 * @returns {Timetable}
 */
export function timetable(schedules) {
  const ready = (/** @type {{cron: string, plain: string}} */ { cron, plain }) => {
    const pattern = new Cron(plain, { mode: "5-part", timezone: "UTC" });
    return { cron, matches: (/** @type {Date} */ time) => pattern.match(time) };
  };
  const entries = Object.entries(schedules);
  return new Map(entries.map(([script, { version_id, crons }]) => [script, { versionId: version_id, triggers: crons.map(ready) }]));
}

export class Scheduler {
  #turns = /** @type {Map<string, Promise<Outcome>>} */ (new Map());

  /**
   * @param {import("./edge.mjs").Edge} edge
   * @param {(level: "info" | "warning", event: string, fields: object) => void} log
   */
  constructor(edge, log) {
    this.edge = edge;
    this.log = log;
  }

  /** Fire at each minute from the next one on. */
  start(after = Date.now()) {
    const next = (Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS;
    const fire = () => {
      this.tick(new Date(next));
      this.start(Math.max(next, Date.now())); // a timer may be a little early, or late by the sleep of a machine
    };
    setTimeout(fire, next - Date.now()).unref();
  }

  /**
   * Send what is due. A script whose last event is not done is left out.
   *
   * @param {Date} minute
   */
  tick(minute) {
    for (const [script, { triggers }] of this.edge.table.schedules) {
      const due = triggers.filter(({ matches }) => matches(minute));
      const busy = this.#turns.has(script);
      for (const { cron } of due) {
        if (busy) this.log("warning", "schedule_skipped", { script, cron, scheduled_time: minute.toISOString(), error: "The event before is not done." });
        else void this.#fire(script, cron, minute);
      }
    }
  }

  /**
   * Send one event now, by the script's first trigger, once the one under way is done.
   *
   * @param {string} script
   * @throws {NoTriggerError}
   */
  run(script) {
    const trigger = this.edge.table.schedules.get(script)?.triggers[0];
    if (trigger === undefined) throw new NoTriggerError(`The script ${script} has no cron trigger, or no deployment.`);
    return this.#fire(script, trigger.cron, new Date());
  }

  /**
   * @param {string} script
   * @param {string} cron
   * @param {Date} time
   */
  #fire(script, cron, time) {
    const turn = Promise.resolve(this.#turns.get(script)).then(async () => {
      const outcome = await this.#event(script, cron, time);
      const { detail, ...told } = outcome;
      this.log(outcome.outcome === "ok" ? "info" : "warning", "scheduled", told);
      if (this.#turns.get(script) === turn) this.#turns.delete(script);
      return outcome;
    });
    this.#turns.set(script, turn);
    return turn;
  }

  /**
   * @param {string} script
   * @param {string} cron
   * @param {Date} time
   * @returns {Promise<Outcome>}
   */
  async #event(script, cron, time) {
    const began = performance.now();
    const version = this.edge.table.schedules.get(script)?.versionId;
    const runtime = this.edge.table.scripts.get(script)?.runtimes.get(version ?? "");
    const result = runtime === undefined ? unavailable("The version does not run.") : await this.#deliver(runtime, cron, time);
    return { script, version, cron, scheduled_time: time.toISOString(), ...result, ms: Math.round(performance.now() - began) };
  }

  /**
   * @param {import("./runtime.mjs").Runtime} runtime
   * @param {string} cron
   * @param {Date} time
   * @returns {Promise<{outcome: Outcome["outcome"], error?: string, detail?: string}>}
   */
  async #deliver(runtime, cron, time) {
    runtime.inFlight += 1;
    try {
      if (!(await runtime.serving(PATIENCE_MS))) return unavailable("The version's runtime is restarting.");
      const { status, body } = await runtime.send({ cron, scheduledTime: time.getTime() });
      if (status === 200) return { outcome: "ok" };
      if (status !== RAISED) return unavailable(`The version's runtime answered with status ${status}.`);
      const { error, detail } = JSON.parse(runtime.clean(body));
      return { outcome: "exception", error, detail };
    } catch (error) {
      return unavailable(`The version's runtime did not end it: ${/** @type {Error} */ (error).message}`);
    } finally {
      runtime.release();
    }
  }
}

/**
 * @param {string} error
 * @returns {{outcome: "unavailable", error: string}}
 */
function unavailable(error) {
  return { outcome: "unavailable", error };
}
