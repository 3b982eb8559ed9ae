// What SQLite's error codes mean to the person who has to do something about them.

import { StoreError, type StoreErrorCode } from "../../errors.ts";

/** The parts of the error that `node:sqlite` throws. */
interface SqliteError extends Error {
  readonly code: "ERR_SQLITE_ERROR";
  /** The extended result code: its low byte is the primary one. */
  readonly errcode: number;
}

const primary = {
  error: 1,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioerr: 10,
  corrupt: 11,
  full: 13,
  cantopen: 14,
  auth: 23,
  notadb: 26,
} as const;

/**
 * The writes among the I/O errors: a limit on file sizes and some quotas arrive as these, and a
 * full disk that has no room for the shared memory of the log.
 */
const ioerrWrites: ReadonlySet<number> = new Set([778, 1546, 1034, 4874]);

/** Another connection holds the file: worth another try. */
export function isBusy(error: unknown): boolean {
  if (!isSqliteError(error)) return false;
  const code = error.errcode & 0xff;
  return code === primary.busy || code === primary.locked;
}

/** A StoreError that names the path; what is neither one nor SQLite's comes back as it is. */
export function failure(error: unknown, path: string): unknown {
  if (!isSqliteError(error)) return error;
  const said = meaning(error);
  if (!said) return error;
  const [code, message] = said;
  return new StoreError(code, message.replaceAll("{path}", path), { cause: error });
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && (error as Partial<SqliteError>).code === "ERR_SQLITE_ERROR";
}

function meaning(error: SqliteError): [StoreErrorCode, string] | null {
  switch (error.errcode & 0xff) {
    case primary.busy:
    case primary.locked:
      return ["unreachable", "the store {path} stayed locked by another connection: try again"];
    case primary.readonly:
      return ["read-only", "the store {path} cannot be written: check who owns it and its folder"];
    case primary.ioerr:
      return ioerrWrites.has(error.errcode)
        ? ["full", "the store {path} cannot grow: make room on its disk or raise the limit"]
        : ["unreachable", `the store {path} cannot be read or written: ${error.message}`];
    case primary.full:
      return ["full", "the disk of the store {path} is full: make room on it"];
    case primary.corrupt:
      return ["corrupt", "the store {path} is damaged: restore it from a copy"];
    case primary.notadb:
      return ["not-a-store", "{path} is not a SQLite database: name another file as the store"];
    case primary.cantopen:
    case primary.auth:
      return ["unreachable", `the store {path} cannot be opened: check the path and who owns it`];
    case primary.error:
      return /no such (table|column)/.test(error.message)
        ? ["old-schema", "the store {path} has an old schema or none: run `runtime migrate`"]
        : null;
    default:
      return null;
  }
}
