/** The edge of the local cloud: `node localcloud/edge/main.mjs`. Here its parts are wired together. */

import { createServer } from "node:http";

import { control } from "./control.mjs";
import { Edge } from "./edge.mjs";
import { Emulator } from "./emulator.mjs";
import { Fleet } from "./fleet.mjs";
import { flush, log } from "./log.mjs";
import { Router } from "./router.mjs";
import { Scheduler } from "./schedules.mjs";
import { SettingsError, load } from "./settings.mjs";
import { shim } from "./shim.mjs";
import { sweep } from "./workerd.mjs";

/** @typedef {import("node:http").Server} Server */

const LOOPBACK = "127.0.0.1";
const GRACE_MS = 3_000; // the supervisor kills after 5 s
const FAILED = 1;
const USAGE = 2;

/** @param {import("./settings.mjs").Settings} settings */
async function run(settings) {
  const emulator = new Emulator(settings.cloudflare, settings.token);
  const r2 = { port: settings.r2, token: settings.token };
  const version = (/** @type {string} */ id) => emulator.version(id);
  const fleet = new Fleet({ directory: settings.directory, r2, version, shim, log });
  const edge = new Edge(emulator, fleet, log);
  const router = new Router(edge, log);
  const scheduler = new Scheduler(edge, log);
  const servers = settings.listeners.map(({ host, port }) => ({ port, server: front(router, host) }));
  servers.push({ port: settings.controlPort, server: createServer(control(edge, fleet, scheduler, settings.token)) });
  await Promise.all(servers.map(({ server, port }) => listen(server, port)));
  // Only now: the ports are this process's own, so whatever runs in its folder was left behind.
  sweep(settings.directory);
  process.chdir(settings.directory);
  const stop = () => void close(servers.map(({ server }) => server), fleet);
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, stop);
  log("info", "listening", { ports: servers.map(({ port }) => port) });
  scheduler.start();
  await edge.start();
}

/**
 * @param {Router} router
 * @param {string | null} host
 */
function front(router, host) {
  const server = createServer((request, response) => router.serve(request, response, host));
  // The router answers `Expect: 100-continue` once it knows that there is a worker to take the body.
  server.on("checkContinue", (request, response) => router.serve(request, response, host));
  server.on("upgrade", (request, socket, head) => {
    router.upgrade(request, /** @type {import("node:net").Socket} */ (socket), head, host);
  });
  return server;
}

/**
 * @param {Server} server
 * @param {number} port
 */
function listen(server, port) {
  return new Promise((settle, fail) => {
    server.once("error", fail);
    server.listen(port, LOOPBACK, () => settle(server.off("error", fail)));
  });
}

/**
 * @param {Server[]} servers
 * @param {Fleet} fleet
 */
async function close(servers, fleet) {
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
  await fleet.close(GRACE_MS);
  log("info", "stopped", {});
  flush();
  process.exit(0);
}

/** @param {NodeJS.ErrnoException & {port?: number}} error */
function explain(error) {
  if (error instanceof SettingsError) return { code: USAGE, text: error.message };
  if (error.code !== "EADDRINUSE") return { code: FAILED, text: error.stack ?? String(error) };
  const text = `Port ${error.port} is taken by another process. The edge did not start. Stop that process, or run \`ops local reset\` to choose other ports, then \`make up\`.`;
  return { code: FAILED, text };
}

try {
  await run(load(process.env));
} catch (error) {
  const { code, text } = explain(/** @type {Error} */ (error));
  flush();
  process.stderr.write(`${text}\n`);
  process.exit(code);
}
