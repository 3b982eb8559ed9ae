import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  acquireLock,
  type LockedError,
  lockHolder,
} from "../../packages/runtime/src/control/lock.ts";

const starter = fileURLToPath(new URL("./support/lock-starter.ts", import.meta.url));
let folder: string;
let socket: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  socket = join(folder, "runtime.sock");
});

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
});

/** Starts a process that tries to take the lock; `answer` is what it reports. */
function start(): { child: ChildProcess; answer: Promise<unknown> } {
  const child = fork(starter, [socket]);
  started.push(child);
  return { child, answer: once(child, "message").then(([message]) => message) };
}

test("the second runtime on a socket is refused and told the pid of the first", async () => {
  const lock = await acquireLock(socket);
  const refused = acquireLock(socket, { patienceMs: 50 });
  await expect(refused).rejects.toThrow(`already running on ${socket} (pid ${process.pid})`);
  await expect(refused).rejects.toThrow("`runtime resume` lets a paused group go on");
  lock.release();
});

test("a lock that was released can be taken again", async () => {
  (await acquireLock(socket)).release();
  const lock = await acquireLock(socket);
  expect(lockHolder(socket)).toBe(process.pid);
  lock.release();
  expect(lockHolder(socket)).toBe(false);
});

test("asking for the holder where nothing ever ran leaves no file behind", () => {
  expect(lockHolder(socket)).toBe(false);
  expect(() => statSync(`${socket}.lock`)).toThrow("ENOENT");
});

test("the lock file can be read and written by its owner alone", async () => {
  const lock = await acquireLock(socket);
  expect(statSync(`${socket}.lock`).mode & 0o777).toBe(0o600);
  lock.release();
});

test("kill -9 of the holder frees the lock at once", async () => {
  const { child, answer } = start();
  expect(await answer).toEqual({ won: true });
  expect(lockHolder(socket)).toBe(child.pid);
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = await acquireLock(socket, { patienceMs: 0 });
  expect(lockHolder(socket)).toBe(process.pid);
  lock.release();
});

test("the pid of a dead holder that a stranger has now is no obstacle", async () => {
  const stranger = spawn("sleep", ["60"]);
  started.push(stranger);
  (await acquireLock(socket, { pid: stranger.pid! })).release();
  (await acquireLock(socket, { patienceMs: 0 })).release();
});

test("of many that start at once exactly one wins, and the others name it", async () => {
  const all = Array.from({ length: 8 }, start);
  const answers = await Promise.all(all.map(({ answer }) => answer));
  const winners = all.filter((_, at) => (answers[at] as { won: boolean }).won);
  expect(winners).toHaveLength(1);
  const losers = answers.filter((answer) => !(answer as { won: boolean }).won);
  expect(losers).toEqual(losers.map(() => ({ won: false, pid: winners[0]?.child.pid })));
});

test("a child that the holder started does not keep the lock alive", async () => {
  const { child, answer } = start();
  expect(await answer).toEqual({ won: true });
  const grandchild = once(child, "message");
  child.send("start a child");
  const [{ pid }] = await grandchild;
  child.kill("SIGKILL");
  await once(child, "exit");
  try {
    (await acquireLock(socket, { patienceMs: 0 })).release();
  } finally {
    process.kill(pid, "SIGKILL");
  }
});

test("a symbolic link in the place of the lock file is refused", async () => {
  writeFileSync(join(folder, "elsewhere"), "precious");
  symlinkSync(join(folder, "elsewhere"), `${socket}.lock`);
  await expect(acquireLock(socket)).rejects.toThrow("is not a plain file");
});

test("a file that is no lock is left alone and named", async () => {
  writeFileSync(`${socket}.lock`, "this is a text and not a database, and it is long enough\n");
  const refused = (await acquireLock(socket).catch((error) => error)) as LockedError;
  expect(refused.message).toContain(`cannot use the lock file ${socket}.lock`);
});
