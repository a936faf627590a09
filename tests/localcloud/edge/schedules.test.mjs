import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { NoTriggerError, Scheduler, timetable } from "../../../localcloud/edge/schedules.mjs";

const at = (text) => new Date(`${text}Z`);

/** A runtime whose events end when the test says so. */
class Runtime {
  sent = [];
  ends = [];
  inFlight = 0;
  clean = (text) => text.replaceAll("secret-word", "[secret]");
  serving = async () => true;
  release = () => (this.inFlight -= 1);
  send(event) {
    this.sent.push(event);
    return new Promise((settle, fail) => this.ends.push({ settle: (status = 200, body = "") => settle({ status, body }), fail }));
  }
}

/** A scheduler of the script `api` with these triggers, its runtime and what it logs. */
function scheduler(...plains) {
  const runtime = new Runtime();
  const schedules = timetable({ api: { version_id: "v1", crons: plains.map((plain) => ({ cron: `cron ${plain}`, plain })) } });
  const table = { rules: [], failures: new Map(), scripts: new Map([["api", { runtimes: new Map([["v1", runtime]]) }]]), schedules };
  const lines = [];
  const made = new Scheduler({ table }, (level, event, fields) => lines.push({ level, event, ...fields }));
  return { scheduler: made, runtime, lines, table };
}

const settled = () => new Promise((settle) => setImmediate(settle));

test("a script without a trigger cannot be run", () => {
  const { scheduler: made } = scheduler();
  assert.throws(() => made.run("api"), NoTriggerError);
  assert.throws(() => made.run("nobody"), NoTriggerError);
});

test("what a version raises is told without its secrets", async () => {
  const { scheduler: made, runtime, lines } = scheduler("* * * * *");
  const run = made.run("api");
  await settled();
  runtime.ends[0].settle(422, JSON.stringify({ error: "ValueError: secret-word", detail: "Traceback secret-word" }));
  const outcome = await run;
  assert.equal(outcome.outcome, "exception");
  assert.equal(outcome.error, "ValueError: [secret]");
  assert.equal(outcome.detail, "Traceback [secret]");
  assert.deepEqual(lines.map(({ level, event, error }) => [level, event, error]), [["warning", "scheduled", "ValueError: [secret]"]]);
});

test("a runtime that dies, fails or is not there ends the event and lets the next one run", async () => {
  const { scheduler: made, runtime, table } = scheduler("* * * * *");
  const dies = made.run("api");
  await settled();
  runtime.ends[0].fail(new Error("socket hang up"));
  assert.match((await dies).error, /socket hang up/);
  const fails = made.run("api");
  await settled();
  runtime.ends[1].settle(500, "Internal Server Error");
  assert.equal((await fails).outcome, "unavailable");
  table.scripts.clear();
  assert.equal((await made.run("api")).outcome, "unavailable");
  assert.equal(runtime.inFlight, 0);
});

test("one event a matching minute and trigger, with one log line, and the version is held meanwhile", async () => {
  const { scheduler: made, runtime, lines } = scheduler("30 2 * * *", "0 * * * *");
  for (const time of ["2026-11-21T02:29", "2026-11-21T02:30", "2026-11-21T02:31"]) {
    made.tick(at(time));
    await settled();
  }
  assert.deepEqual(runtime.sent, [{ cron: "cron 30 2 * * *", scheduledTime: at("2026-11-21T02:30").getTime() }]);
  assert.equal(runtime.inFlight, 1);
  runtime.ends[0].settle();
  await settled();
  assert.equal(runtime.inFlight, 0);
  assert.equal(lines.length, 1);
  const { ms, ...line } = lines[0];
  assert.equal(typeof ms, "number");
  assert.deepEqual(line, {
    level: "info", event: "scheduled", script: "api", version: "v1", cron: "cron 30 2 * * *", scheduled_time: "2026-11-21T02:30:00.000Z", outcome: "ok",
  });
});

test("never two at once: triggers of one minute follow each other, and the next minute is left out", async () => {
  const { scheduler: made, runtime, lines } = scheduler("* * * * *", "*/1 * * * *");
  made.tick(at("2026-11-21T02:30"));
  await settled();
  made.tick(at("2026-11-21T02:31"));
  const run = made.run("api");
  await settled();
  assert.deepEqual(lines.map(({ event, cron }) => [event, cron]), [["schedule_skipped", "cron * * * * *"], ["schedule_skipped", "cron */1 * * * *"]]);
  for (const count of [1, 2, 3]) {
    assert.equal(runtime.sent.length, count);
    runtime.ends[count - 1].settle();
    await settled();
    await settled();
  }
  assert.equal((await run).outcome, "ok");
  made.tick(at("2026-11-21T02:32"));
  await settled();
  assert.equal(runtime.sent.length, 4);
});

test("the clock fires once at each whole minute, also when it wakes late", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: at("2026-11-21T02:29:30.500") });
  const { scheduler: made } = scheduler();
  const minutes = [];
  made.tick = (minute) => minutes.push(minute.toISOString().slice(11, 19));
  made.start();
  mock.timers.tick(29_499);
  assert.deepEqual(minutes, []);
  mock.timers.tick(1);
  mock.timers.tick(60_000);
  assert.deepEqual(minutes, ["02:30:00", "02:31:00"]);
  mock.timers.setTime(at("2026-11-21T05:00:10").getTime());
  mock.timers.tick(1); // fires what is overdue
  mock.timers.tick(49_999);
  mock.timers.reset();
  assert.deepEqual(minutes.slice(2), ["02:32:00", "05:01:00"]);
});

test("Cloudflare's special days, in numbers, fall where its documentation says", () => {
  const days = (plain, month) => {
    const [{ matches }] = timetable({ api: { version_id: "v", crons: [{ cron: plain, plain }] } }).get("api").triggers;
    const all = Array.from({ length: 31 }, (_, day) => new Date(Date.UTC(2026, month - 1, day + 1, 18)));
    return all.filter((time) => time.getUTCMonth() === month - 1 && matches(time)).map((time) => time.getUTCDate());
  };
  assert.deepEqual(days("0 18 * * 5#L", 11), [27]); // 6L, friL: the last Friday
  assert.deepEqual(days("0 18 * * 1#2", 11), [9]); // 2#2: the second Monday
  assert.deepEqual(days("0 18 * * 0", 11), [1, 8, 15, 22, 29]); // 1, sun
  assert.deepEqual(days("0 18 LW * *", 10), [30]); // 31 October 2026 is a Saturday
  assert.deepEqual(days("0 18 L * *", 11), [30]);
  assert.deepEqual(days("0 18 15W * *", 11), [16]); // 15 November 2026 is a Sunday
  assert.deepEqual(days("0 18 1,15 * 1", 11), [1, 2, 9, 15, 16, 23, 30]); // either day
  assert.deepEqual(days("0 17 * * *", 11), []);
});
