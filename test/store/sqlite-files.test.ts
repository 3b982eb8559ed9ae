// Files that are no store of ours, and files that cannot be used. None of them is ever written to.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { openStore, type StoreError } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { checkVersion } from "../../packages/store/src/sqlite/driver/inspect.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { enqueueAll, enqueueOne, jobOf } from "./contract/world.ts";

/** What opening and migrating the path is refused with. */
async function refusal(path: string): Promise<StoreError> {
  try {
    const store = await openStore(`sqlite:${path}`);
    try {
      await store.migrate();
    } finally {
      await store.close();
    }
  } catch (error) {
    return error as StoreError;
  }
  throw new Error("it was not refused");
}

interface Filled {
  readonly enqueued: number;
  readonly code: string;
  readonly message: string;
}

/** Fills the store in a process of its own, after a line of shell; not as root, if asked. */
async function fill(url: string, { before = "", root = true } = {}): Promise<Filled> {
  const script = fileURLToPath(new URL("./children/fill.ts", import.meta.url));
  const line = `${before}\nexec "$0" --conditions=source "$1" "$2"`;
  const nobody = root || process.getuid!() !== 0 ? {} : { uid: 65_534, gid: 65_534 };
  const child = spawn("sh", ["-c", line, process.execPath, script, url], {
    stdio: ["ignore", "pipe", "inherit"],
    ...nobody,
  });
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(said) as Filled;
}

describe("a path", () => {
  it("gets the folders it is missing", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a", "b", "queue.sqlite");
    const store = await openStore(`sqlite:${path}`);
    expect(await store.migrate()).toMatchObject({ from: 0 });
    await store.close();
  });

  it("where nothing is becomes a file that only its owner reads, and so does all beside it", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "queue.sqlite");
    const store = await openStore(`sqlite:${path}`);
    await store.migrate();
    const modes = readdirSync(folder.path).map((name) => [
      name,
      statSync(join(folder.path, name)).mode & 0o777,
    ]);
    await store.close();
    expect(modes.length).toBeGreaterThan(1);
    expect(modes.filter(([, mode]) => mode !== 0o600)).toEqual([]);
  });

  it("below a folder that takes none is refused, and nobody tries for ever", async () => {
    const opened = openStore("sqlite:/proc/nope/deep/queue.sqlite");
    await expect(opened).rejects.toMatchObject({ code: "unreachable" });
  });

  it("may hold characters that mean something elsewhere", async () => {
    using folder = temporaryFolder();
    for (const name of ["a b?mode=ro", "file:x", "50%", "ü#'\"", "*"]) {
      const path = join(folder.path, name);
      const store = await openStore(`sqlite:${path}`);
      await store.migrate();
      await enqueueOne(store);
      await store.close();
      expect(readFileSync(path).length).toBeGreaterThan(0);
    }
  });

  it("may be an empty file, or an empty database", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "queue.sqlite");
    writeFileSync(path, "");
    const store = await openStore(`sqlite:${path}`);
    expect(await store.schema()).toMatchObject({ from: 0 });
    await expect(store.jobs.count()).rejects.toMatchObject({ code: "old-schema" });
    await store.close();
    const again = await openStore(`sqlite:${path}`);
    expect(await again.migrate()).toMatchObject({ from: 0 });
    await again.close();
  });

  it("must not be a folder, nor lie in a file", async () => {
    using folder = temporaryFolder();
    const inside = join(folder.path, "folder");
    mkdirSync(inside);
    expect(await refusal(inside)).toMatchObject({ code: "not-a-store" });
    const file = join(folder.path, "file");
    writeFileSync(file, "x");
    const error = await refusal(join(file, "queue.sqlite"));
    expect(error).toMatchObject({ code: "unreachable" });
    expect(error.message).toContain(join(file, "queue.sqlite"));
  });
});

describe("a file", () => {
  it("that is no database is refused and stays as it is", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "notes.txt");
    const notes = "these are notes, not a database\n".repeat(200);
    writeFileSync(path, notes);
    const error = await refusal(path);
    expect(error).toMatchObject({ name: "StoreError", code: "not-a-store" });
    expect(error.message).toContain(path);
    expect(readFileSync(path, "utf8")).toBe(notes);
  });

  it.each(["DELETE", "WAL"])("of another program (%s) is refused, byte for byte", async (mode) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "theirs.sqlite");
    const theirs = new DatabaseSync(path);
    theirs.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE jobs (id INTEGER)`);
    theirs.close();
    const before = readFileSync(path);
    const error = await refusal(path);
    expect(error).toMatchObject({ code: "not-a-store" });
    expect(error.message).toMatch(/another program/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it("with the mark of another program is refused even when it is empty", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "theirs.sqlite");
    const theirs = new DatabaseSync(path);
    theirs.exec("PRAGMA application_id = 77; CREATE TABLE t (x); DROP TABLE t");
    theirs.close();
    expect(await refusal(path)).toMatchObject({ code: "not-a-store" });
  });

  it("with a newer schema is refused, and says which", async () => {
    await using world = await temporaryStore();
    const raw = new DatabaseSync(world.path);
    raw.exec("PRAGMA user_version = 99");
    raw.close();
    const error = await refusal(world.path);
    expect(error).toMatchObject({ code: "newer-schema" });
    expect(error.message).toMatch(/schema 99, and this version knows \d+/);
    await expect(world.store.schema()).rejects.toMatchObject({ code: "newer-schema" });
  });

  it("that was damaged says so, and is not written to any more", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "queue.sqlite");
    const store = await openStore(`sqlite:${path}`);
    await store.migrate();
    await enqueueAll(store, Array(2_000).fill({ args: "x".repeat(300) }));
    await store.close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 4_096 * 60);
    writeFileSync(path, bytes);
    const damaged = await openStore(`sqlite:${path}`);
    await expect(damaged.jobs.list({ name: "x" })).rejects.toMatchObject({ code: "corrupt" });
    await expect(enqueueOne(damaged)).rejects.toMatchObject({ code: "corrupt" });
    await damaged.close();
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("that must not be written is refused at once", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "queue.sqlite");
    const store = await openStore(`sqlite:${path}`);
    await store.migrate();
    await store.close();
    chmodSync(path, 0o444);
    chmodSync(folder.path, 0o555);
    const filled = await fill(`sqlite:${path}`, { root: false });
    chmodSync(folder.path, 0o755);
    expect(filled).toMatchObject({ enqueued: 0, code: "read-only" });
    expect(filled.message).toContain(path);
  });

  it("that cannot grow refuses the enqueue, keeps what it has, and works again with room", async () => {
    await using world = await temporaryStore();
    const before = "ulimit -f 4000";
    const filled = await fill(world.url, { before });
    expect(filled).toMatchObject({ code: "full" });
    expect(filled.message).toContain(world.path);
    expect(filled.enqueued).toBeGreaterThan(0);
    expect((await world.store.jobs.count()).ready).toBe(filled.enqueued);
    expect(await jobOf(world.store, await enqueueOne(world.store))).toMatchObject({
      id: filled.enqueued + 1,
    });
    expect((await world.store.diagnose()).map(({ status }) => status)).not.toContain("error");
  });

  it("that stays locked is given up after the time allowed for it", async () => {
    await using world = await temporaryStore({ busyTimeoutMs: 150 });
    const raw = new DatabaseSync(world.path);
    raw.exec("BEGIN IMMEDIATE");
    const began = performance.now();
    await expect(enqueueOne(world.store)).rejects.toMatchObject({ code: "unreachable" });
    expect(performance.now() - began).toBeGreaterThan(140);
    expect(await world.store.jobs.list({})).toEqual([]);
    const late = enqueueOne(world.store);
    raw.exec("COMMIT");
    raw.close();
    expect(await late).toBe(1);
  });
});

describe("SQLite itself", () => {
  it("is refused when it is older than the fix of its log, and only then", () => {
    for (const version of ["3.51.3", "3.51.10", "3.52.0", "4.0.0"])
      expect(() => checkVersion(version)).not.toThrow();
    for (const version of ["3.51.2", "3.46.1", "3.9.9", "2.8.17", "0"])
      expect(() => checkVersion(version)).toThrow(/3\.51\.3 or newer/);
  });
});
