/** One workerd process: started from a configuration, listening on a private Unix socket, never left behind. */

import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";

import { VersionError } from "./version.mjs";

const BOOT_MS = 20_000; // 2 s on an idle machine; with the import, less than the 40 s that the emulator waits
const TERM_MS = 1_000;
const TAIL_LINES = 40;
const NOISE = /^(Load(ing|ed) )?$/; // Pyodide, about the packages that a worker does not have

/**
 * @typedef {{
 *   pid: number,
 *   socketPath: string,
 *   exited: Promise<string>,
 *   tail: string[],
 *   stop: () => Promise<void>,
 * }} Workerd `exited` tells how it ended; `tail` is the last that it printed.
 */

/** The path of workerd's binary for this machine, from the npm package. */
export function binary() {
  const found = createRequire(import.meta.url)("workerd");
  return /** @type {string} */ (found.default);
}

/**
 * Start workerd and wait until it listens.
 *
 * Sockets are addressed relative to the working directory, which must be `directory`: a Unix socket's path has 108 bytes at most.
 *
 * @param {string} directory
 * @param {string} name unique; it is how the process is recognized after the edge itself was killed
 * @param {string} config holds secrets: it is a file only until workerd has been handed the open descriptor
 * @param {AbortSignal} signal ends the process at once
 * @param {(stream: "stdout" | "stderr", line: string) => void} print
 * @returns {Promise<Workerd>}
 * @throws {VersionError} workerd refused the configuration
 */
export async function start(directory, name, config, signal, print) {
  const socketPath = `${name}.sock`;
  const descriptor = unlinked(join(directory, `${name}.capnp`), config);
  const serve = [binary(), "serve", "--control-fd=3", `--socket-addr=http=unix:${socketPath}`, "/dev/fd/4"];
  const [command = "", ...args] = [...deathWatch(), ...serve];
  const stdio = /** @type {const} */ (["ignore", "pipe", "pipe", "pipe", descriptor]);
  const child = spawn(command, args, { cwd: directory, stdio: [...stdio], signal, killSignal: "SIGKILL" });
  closeSync(descriptor);
  const tail = /** @type {string[]} */ ([]);
  for (const stream of /** @type {const} */ (["stdout", "stderr"])) {
    createInterface({ input: /** @type {import("node:stream").Readable} */ (child[stream]) }).on("line", (line) => {
      if (NOISE.test(line)) return;
      tail.splice(0, tail.length - TAIL_LINES + 1);
      tail.push(line);
      print(stream, line);
    });
  }
  const exited = new Promise((/** @type {(how: string) => void} */ settle) => {
    child.on("error", (error) => child.pid === undefined && settle(error.message));
    child.once("close", (code, signal) => settle(signal ?? `exit code ${code}`));
  }).finally(() => forget(directory, name));
  if (child.pid !== undefined) writeFileSync(join(directory, `${name}.pid`), `${child.pid}\n`);
  const stop = async () => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), TERM_MS);
    await exited;
    clearTimeout(late);
  };
  try {
    await listening(/** @type {import("node:stream").Readable} */ (child.stdio[3]), exited, tail);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: /** @type {number} */ (child.pid), socketPath, exited, tail, stop };
}

/**
 * End what an edge that was killed left running, and remove its files.
 *
 * @param {string} directory
 */
export function sweep(directory) {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const file of readdirSync(directory)) {
    const name = /^(.+)\.pid$/.exec(file)?.[1];
    if (name !== undefined) end(Number(readFileSync(join(directory, file), "utf8")), name);
    rmSync(join(directory, file), { force: true, recursive: true });
  }
}

/**
 * Kill a process if it is still the one that was started under that name; its id may have been given to another.
 *
 * @param {number} pid
 * @param {string} name
 */
function end(pid, name) {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`unix:${name}.sock`)) process.kill(pid, "SIGKILL");
  } catch (error) {
    const { code = "" } = /** @type {NodeJS.ErrnoException} */ (error);
    if (!["ENOENT", "ESRCH"].includes(code)) throw error;
  }
}

/** The command that makes the kernel end workerd together with the edge, where util-linux has it. */
function deathWatch() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const path = folders.map((folder) => join(folder, "setpriv")).find((file) => existsSync(file));
  return path === undefined ? [] : [path, "--pdeathsig", "KILL", "--"];
}

/**
 * A descriptor of a file that has no name any more.
 *
 * @param {string} path
 * @param {string} content
 */
function unlinked(path, content) {
  writeFileSync(path, content, { mode: 0o600 });
  try {
    return openSync(path, "r");
  } finally {
    rmSync(path);
  }
}

/**
 * @param {string} directory
 * @param {string} name
 */
function forget(directory, name) {
  for (const kind of ["pid", "sock"]) rmSync(join(directory, `${name}.${kind}`), { force: true });
}

/**
 * @param {import("node:stream").Readable} control where workerd tells that it listens
 * @param {Promise<string>} exited
 * @param {string[]} tail
 */
async function listening(control, exited, tail) {
  /** @type {NodeJS.Timeout | undefined} */
  let late;
  const up = new Promise((settle) => control.once("data", () => settle(undefined)));
  const slow = new Promise((settle) => (late = setTimeout(settle, BOOT_MS, `not listening after ${BOOT_MS / 1000} s`)));
  const failure = await Promise.race([up, exited, slow]);
  clearTimeout(late);
  control.resume();
  if (failure !== undefined) throw new VersionError(`The Workers runtime did not start: ${failure}`, tail.join("\n"));
}
