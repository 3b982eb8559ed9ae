// A follower that is slower than the command: what is cut off before it comes to it is read from
// what was kept, and the rest is counted. Nothing goes missing unsaid.

import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextRound } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { OutputLimit } from "../../packages/runtime/src/child/commands/run/output-limit.ts";
import { LiveFile } from "../../packages/runtime/src/cli/shell/output/live-file.ts";
import { readCutNote } from "../../packages/runtime/src/control/output/cut-note.ts";
import { temporaryFolder } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";

const limitBytes = 1_000;

/** Whoever follows `file` stands still until `goOn` is called. */
function slowFollower(file: string) {
  const gate = Promise.withResolvers<void>();
  const seen = { text: "", missed: [] as number[] };
  const live = new LiveFile({
    path: file,
    lines: null,
    take: async (bytes) => {
      seen.text += bytes;
      await gate.promise;
    },
    missed: (bytes) => seen.missed.push(bytes),
    fail: gate.reject,
  });
  return { live, seen, goOn: () => gate.resolve() };
}

const limit = new OutputLimit({
  limitBytes: () => limitBytes,
  files: () => [],
  looked: () => undefined,
});

async function cut(file: string): Promise<void> {
  const before = readCutNote(file).bytes;
  limit.ended([file]);
  await waitFor(() => readCutNote(file).bytes > before && !existsSync(`${file}.1.new`));
}

const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, n) => `${String(from + n).padStart(9)}\n`).join("");

test("what was kept of the part that was cut is shown, and nothing twice", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "1.1.log");
  writeFileSync(file, numbered(0, 60));
  const { live, seen, goOn } = slowFollower(file);
  void live.poke();
  await waitFor(() => seen.text.length === 600);
  appendFileSync(file, numbered(60, 101));
  await cut(file);
  expect(statSync(file).size).toBe(0);
  // as much as was read before, so that its size says nothing of the cut
  appendFileSync(file, numbered(101, 161));
  goOn();
  await live.close();
  expect(seen).toEqual({ text: numbered(0, 161), missed: [] });
});

test("what was not kept is counted, over any number of cuts", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "1.1.log");
  writeFileSync(file, numbered(0, 10));
  const { live, seen, goOn } = slowFollower(file);
  void live.poke();
  await waitFor(() => seen.text.length === 100);
  appendFileSync(file, numbered(10, 300));
  await cut(file);
  appendFileSync(file, numbered(300, 500));
  await cut(file);
  appendFileSync(file, numbered(500, 510));
  const kept = readFileSync(`${file}.1`, "utf8");
  goOn();
  await live.close();
  expect(seen.text).toBe(numbered(0, 10) + kept + numbered(500, 510));
  expect(seen.missed).toEqual([5_100 - seen.text.length]);
});

test("while cut follows cut, all that is not shown is counted, and nothing is shown twice", async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, "1.1.log");
  writeFileSync(file, "");
  const seen = { text: "", missed: 0 };
  const live = new LiveFile({
    path: file,
    lines: null,
    take: async (bytes) => {
      seen.text += bytes;
    },
    missed: (bytes) => {
      seen.missed += bytes;
    },
    fail: (error) => expect.fail(error.message),
  });
  const lines = 150_000;
  const flood = new Worker(new URL("support/flood.ts", import.meta.url), {
    workerData: { file, lines, limitBytes },
  });
  let isOver = false;
  const over = once(flood, "exit").then(() => {
    isOver = true;
  });
  while (!isOver) await Promise.all([live.poke(), nextRound()]);
  await over;
  await live.close();
  const shown = seen.text.trimEnd().split("\n").map(Number);
  expect(shown.findIndex((number, at) => at > 0 && number <= shown[at - 1]!)).toBe(-1);
  expect(seen.text.length + seen.missed).toBe(lines * 10);
});
