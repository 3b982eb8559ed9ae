// Facts about the file for `runtime doctor`.

import { statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Diagnosis } from "../store.ts";
import type { Driver } from "./driver.ts";

/** Kinds of file systems on which the shared memory of the log cannot be shared, by `f_type`. */
const networks: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x517b, "SMB"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
]);

const largeLog = 64 * 1_048_576;
const littleSpace = 256 * 1_048_576;

export async function diagnose(driver: Driver): Promise<readonly Diagnosis[]> {
  const version = process.versions.sqlite ?? "unknown";
  const facts: Diagnosis[] = [ok("sqlite", `SQLite ${version}, Node.js ${process.version}`)];
  if (driver.path === ":memory:") return [...facts, ok("file", "in memory, gone when it closes")];
  facts.push(file(driver.path), log(driver.path), await fileSystem(driver.path));
  facts.push(await integrity(driver));
  return facts;
}

function file(path: string): Diagnosis {
  return ok("file", `${path}, ${megabytes(sizeOf(path))}`);
}

function log(path: string): Diagnosis {
  const size = sizeOf(`${path}-wal`);
  const detail = `the write-ahead log has ${megabytes(size)}`;
  if (size < largeLog) return ok("log", detail);
  const cause = "a reader of the file seems to keep a transaction open";
  return { check: "log", status: "warning", detail: `${detail}: ${cause}` };
}

async function fileSystem(path: string): Promise<Diagnosis> {
  const { type, bavail, bsize } = await statfs(dirname(path));
  const network = networks.get(type >>> 0);
  const free = bavail * bsize;
  const check = "disk";
  if (network !== undefined) {
    const detail = `the store is on ${network}, which SQLite cannot share: use a local disk`;
    return { check, status: "error", detail };
  }
  const detail = `${megabytes(free)} free`;
  return { check, status: free < littleSpace ? "warning" : "ok", detail };
}

async function integrity(driver: Driver): Promise<Diagnosis> {
  const check = "integrity";
  const said = await driver.read(() => driver.value("PRAGMA quick_check(1)"));
  if (said === "ok") return ok(check, "the file is sound");
  return { check, status: "error", detail: `the file is damaged: ${String(said)}` };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

function ok(check: string, detail: string): Diagnosis {
  return { check, status: "ok", detail };
}
