// One runtime per control socket. Not a pid file: those name a process that may be long gone, or a
// stranger that got the same number in a new container.
//
// The lock is a small SQLite database beside the socket. Its holder keeps a write transaction open
// for life; that is a lock of the kernel's, which ends with its holder however it dies, and which
// forked children do not inherit. The holder's pid is committed just before, so that readers, whom
// an open write transaction does not shut out, can name it. Node has no flock of its own; a
// listening socket as the lock (abstract, or connect-and-see) is Linux only, or races.
//
// The kernel drops the lock when its process closes any other handle of the same file: never read
// or open it except through SQLite.

import { closeSync, lstatSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { makeFolder } from "@queue-runtime/store";

export interface Lock {
  /** Once; the end of the process does the same. */
  release(): void;
}

export interface LockOptions {
  readonly pid?: number;
  /** How long others may be in the middle of taking it before they count as its holder, in ms. */
  readonly patienceMs?: number;
}

/** Somebody else holds the lock. */
export class LockedError extends Error {
  override readonly name = "LockedError";
  /** Of the holder; null when it has not said so. */
  readonly pid: number | null;

  constructor(socket: string, pid: number | null) {
    const who = pid === null ? "" : ` (pid ${pid})`;
    const next = "`runtime stop` stops it, `runtime resume` lets a paused group go on";
    super(`a runtime is already running on ${socket}${who}; ${next}`);
    this.pid = pid;
  }
}

/**
 * Takes the lock of a control socket, creating `<socket>.lock` and its folder where missing.
 * @throws LockedError when another process, or this one, holds it
 */
export async function acquireLock(socket: string, options: LockOptions = {}): Promise<Lock> {
  const { pid = process.pid, patienceMs = 300 } = options;
  const database = openLockFile(socket);
  const deadline = performance.now() + patienceMs;
  try {
    while (!take(database, pid)) {
      if (performance.now() > deadline) throw new LockedError(socket, readPid(database));
      await wait(5 + Math.random() * 10);
    }
  } catch (error) {
    database.close();
    if (error instanceof LockedError) throw error;
    throw unusable(socket, error);
  }
  held.add(database);
  return {
    release: () => {
      held.delete(database);
      database.close();
    },
  };
}

/** A caller may forget its lock; the garbage collector must not, it would close the file. */
const held = new Set<DatabaseSync>();

/** The pid of the process that holds the lock (null: it has not said), or false: nobody does. */
export function lockHolder(socket: string): number | null | false {
  const path = lockPath(socket);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  const database = openLockFile(socket);
  try {
    if (begin(database)) return false;
    return readPid(database);
  } finally {
    database.close();
  }
}

function lockPath(socket: string): string {
  return `${socket}.lock`;
}

function openLockFile(socket: string): DatabaseSync {
  const path = lockPath(socket);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) {
    throw new Error(`${path} is not a plain file; remove it, or set control.socket elsewhere`);
  }
  try {
    if (found === undefined) createPrivately(path);
    const database = new DatabaseSync(path, { timeout: 0 });
    // Losing this file loses nothing, so nothing has to reach the disk.
    database.exec("PRAGMA synchronous = OFF");
    return database;
  } catch (error) {
    throw unusable(socket, error);
  }
}

function unusable(socket: string, error: unknown): Error {
  const message = (error as Error).message;
  const hint = "check that its folder is writable, or set control.socket elsewhere";
  return new Error(`cannot use the lock file ${lockPath(socket)} (${message}); ${hint}`);
}

function createPrivately(path: string): void {
  makeFolder(dirname(path));
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** True when the lock is ours and the file says so; false when somebody is in the way. */
function take(database: DatabaseSync, pid: number): boolean {
  if (!begin(database)) return false;
  if (readPid(database) === pid) return true;
  try {
    database.exec("CREATE TABLE IF NOT EXISTS holder (one INTEGER PRIMARY KEY, pid INTEGER)");
    database.prepare("INSERT OR REPLACE INTO holder VALUES (1, ?)").run(pid);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    if (isBusy(error)) return false;
    throw error;
  }
  // The commit let go of the lock: whoever took it since has written another pid, or is about to.
  return begin(database) && readPid(database) === pid;
}

function begin(database: DatabaseSync): boolean {
  try {
    if (!database.isTransaction) database.exec("BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

function readPid(database: DatabaseSync): number | null {
  try {
    const row = database.prepare("SELECT pid FROM holder").get();
    return typeof row?.pid === "number" ? row.pid : null;
  } catch (error) {
    // Nobody has held it yet, or its very first holder is writing.
    if (isBusy(error) || (error as Error).message.includes("no such table")) return null;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  return /database (is|schema is) locked/.test((error as Error).message);
}
