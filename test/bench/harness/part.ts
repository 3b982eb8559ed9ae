// One measurement in a process group of its own, so that a part that hangs or fails takes
// everything it started with it, and the next one begins on a clean machine.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Figure } from "../report/figures.ts";
import type { BenchOptions, Part } from "./measurement.ts";

export interface PartResult {
  readonly name: string;
  readonly title: string;
  readonly ms: number;
  readonly figures: readonly Figure[];
  readonly error: string | null;
}

/** What a part's process says when it is done. */
export type Answer = { readonly figures: readonly Figure[] } | { readonly error: string };

const entry = fileURLToPath(new URL("../programs/part.ts", import.meta.url));

let current: { readonly child: ChildProcess; readonly folder: string } | null = null;

export async function runPart(part: Part, options: BenchOptions): Promise<PartResult> {
  const folder = join(options.folder, `${part.name.replaceAll("/", "-")}-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const began = performance.now();
  const { name, title, store, share } = part;
  const asked = JSON.stringify({ ...options, folder, name, store, scale: options.scale * share });
  const child = fork(entry, [asked], { detached: true });
  current = { child, folder };
  const answer = await answerOf(child, part.limitMs);
  endPart();
  const ms = performance.now() - began;
  if ("error" in answer) return { name, title, ms, figures: [], error: answer.error };
  return { name, title, ms, figures: answer.figures, error: null };
}

/** Ends whatever the part in hand has started, and removes what it wrote. */
export function endPart(): void {
  if (current?.child.pid === undefined) return;
  const { child, folder } = current;
  current = null;
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // nobody of the group is left
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function answerOf(child: ChildProcess, limitMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    const error = `it took longer than ${limitMs / 1_000} s and was ended`;
    timer = setTimeout(() => resolve({ error }), limitMs);
  });
  const said = once(child, "message").then(([answer]) => answer as Answer);
  const ended = once(child, "exit").then(
    ([code, signal]): Answer => ({
      error: `its process ended with ${signal ?? `exit code ${code}`}`,
    }),
  );
  try {
    return await Promise.race([said, ended, late]);
  } catch (error) {
    return { error: String(error) };
  } finally {
    clearTimeout(timer);
  }
}
