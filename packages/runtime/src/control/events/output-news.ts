// The output of one command, told to one client as it is written. It is read only as fast as the
// client takes it, so that a flood waits in its file and not in our memory.

import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { LiveEvent } from "../live-commands.ts";
import { newestAttempt, outputFile } from "../output/files.ts";
import type { ControlTarget } from "../target.ts";
import type { Listener } from "./listener.ts";

const chunkBytes = 32_768;
/** Where the system tells nothing of a file, it is looked at this often. */
const backstopMs = 1_000;

/** Every attempt that begins, from its beginning; the one under way, from where it stands. */
export async function tellOutput(
  target: ControlTarget,
  listener: Listener,
  id: number,
): Promise<void> {
  const folder = target.config.commands?.output;
  if (folder === undefined) return;
  const change = new Change();
  const stop = listener.nextOf(id, (type) => change.happened(type));
  try {
    let first = true;
    while (listener.isOpen) {
      const job = await target.store.commands.find(id);
      if (job === null) return;
      const attempt = newestAttempt(folder, job);
      const path = outputFile(folder, { id, attempt });
      const file = await open(path).catch(() => null);
      if (file !== null) {
        change.begins(job.state === "running");
        await tellFile({ file, path, listener, change, facts: { id, attempt }, fromEnd: first });
      }
      first = false;
      await change.nextStart();
    }
  } catch {
    listener.cut();
  } finally {
    stop();
  }
}

interface Telling {
  readonly file: FileHandle;
  readonly path: string;
  readonly listener: Listener;
  readonly change: Change;
  readonly facts: { readonly id: number; readonly attempt: number };
  readonly fromEnd: boolean;
}

async function tellFile(telling: Telling): Promise<void> {
  const { file, path, listener, change, facts, fromEnd } = telling;
  // a character may be cut in two by the end of a chunk
  const decoder = new TextDecoder();
  const watcher = watch(path, () => change.happened("changed"));
  watcher.on("error", () => watcher.close());
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let at = fromEnd ? (await file.stat()).size : 0;
  // what lies before can be asked for: nothing is missing between the two
  listener.send("output", { ...facts, offset: at, text: "", truncated: false });
  try {
    while (listener.isOpen) {
      const isOver = change.isOver;
      const { size } = await file.stat();
      const truncated = size < at;
      if (truncated) at = 0;
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, at);
      const text = decoder.decode(chunk.subarray(0, bytesRead), { stream: true });
      if (bytesRead > 0) listener.send("output", { ...facts, offset: at, text, truncated });
      at += bytesRead;
      if (bytesRead > 0) await listener.room();
      else if (isOver) return;
      else await change.next(backstopMs);
    }
  } finally {
    watcher.close();
    await file.close();
  }
}

/** What may happen while one waits for more output. */
class Change {
  isOver = false;
  #started = false;
  #wake: (() => void) | undefined;

  happened(type: LiveEvent["type"] | null): void {
    if (type === "ended" || type === null) this.isOver = true;
    if (type === "started" || type === null) this.#started = true;
    this.#wake?.();
  }

  begins(running: boolean): void {
    this.#started = false;
    this.isOver = !running;
  }

  async next(atMostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, atMostMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  async nextStart(): Promise<void> {
    while (!this.#started) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
