// Looks at a path before anything is written there: a file that is not ours stays as it is.

import { accessSync, closeSync, constants, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../errors.ts";
import { makeFolder } from "./make-folder.ts";

/** "QRun": marks a SQLite file as a store of ours. */
export const applicationId = 0x5152756e;

/** Older ones can lose committed pages when several connections reset the write-ahead log. */
const oldestSqlite = "3.51.3";

/**
 * Refuses what cannot be or become a store; where there is nothing yet, creates the folder, and an
 * empty file that only its owner may read.
 * @throws StoreError
 */
export function inspect(path: string): void {
  checkVersion(process.versions.sqlite ?? "0");
  if (path === ":memory:") return;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) {
    createFolder(path);
    createForOwner(path);
    return;
  }
  if (!stat.isFile())
    throw new StoreError("not-a-store", `${path} is not a file: name a file as the store`);
  checkAccess(path);
  if (stat.size > 0) checkIdentity(path);
}

/** @throws StoreError `unsupported` */
export function checkVersion(version: string): void {
  if (compareVersions(version, oldestSqlite) >= 0) return;
  throw new StoreError(
    "unsupported",
    `SQLite ${version} can lose data when several processes share a file: use a Node.js that ` +
      `brings SQLite ${oldestSqlite} or newer`,
  );
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function createFolder(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (cause) {
    throw unreachable(`the folder of the store ${path} cannot be created`, cause);
  }
}

/**
 * Jobs have secrets in their inputs and commands in their environments; what SQLite puts beside the
 * file gets the mode of the file.
 */
function createForOwner(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch {
    // somebody was faster, or SQLite will say why it cannot be had
  }
}

function checkAccess(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    throw unreachable(`the store ${path} cannot be read`, cause);
  }
  try {
    // SQLite would open it read-only without a word and fail at the first write.
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    const message = `the store ${path} cannot be written: check who owns it and its folder`;
    throw new StoreError("read-only", message, { cause });
  }
}

/** Through a connection of its own that cannot write, not even when it closes. */
function checkIdentity(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    if (!isOurs(database))
      throw new StoreError(
        "not-a-store",
        `${path} is a database of another program: name another file as the store`,
      );
  } finally {
    database.close();
  }
}

/** What tells the file at a path from any other that is put there later; null where none is. */
export function identityOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : null;
}

/** Whether a database carries our mark, or nothing at all. */
export function isOurs(database: DatabaseSync): boolean {
  // In this order: whoever creates the store between the two reads commits tables and mark at once.
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  const id = database.prepare("PRAGMA application_id").get()?.application_id;
  return id === applicationId || (isEmpty && id === 0);
}

function unreachable(what: string, cause: unknown): StoreError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new StoreError("unreachable", `${what} (${code}): check the path and who owns it`, {
    cause,
  });
}
