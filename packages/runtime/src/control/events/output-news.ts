// The output of one command, told to one client as it is written. It is read only as fast as the
// client takes it, so that a flood waits in its file and not in our memory.

import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { CommandJob } from "@queue-runtime/store";
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
  let told = { attempt: 0, fence: 0, at: 0 };
  try {
    for (let first = true; listener.isOpen; first = false) {
      change.forget();
      const job = await target.store.commands.find(id);
      if (job === null) return listener.send("removed", { id });
      const attempt = newestAttempt(folder, job);
      const path = outputFile(folder, { id, attempt });
      const file = await open(path).catch(() => null);
      if (file !== null) {
        if (job.state !== "running") change.happened("ended");
        const { fence } = job;
        const goesOn = attempt === told.attempt && (fence === told.fence || isContinued(job));
        const at = goesOn ? told.at : first ? (await file.stat()).size : 0;
        // what lies before can be asked for: nothing is missing between the two
        if (!goesOn) sayWhere(listener, { id, attempt, offset: at });
        const isSame = async () => {
          const now = await target.store.commands.find(id);
          return now === null || now.fence === fence;
        };
        const telling = { file, path, listener, change, id, attempt, at, isSame };
        told = { attempt, fence, at: await tellFile(telling) };
      }
      await change.nextStart();
    }
  } catch {
    listener.cut();
  } finally {
    stop();
  }
}

/** A run that was interrupted goes on in its file; any other empties it first. */
function isContinued({ interruptions, crashes }: CommandJob): boolean {
  return interruptions + crashes > 0;
}

function sayWhere(listener: Listener, facts: object): void {
  listener.send("output", { ...facts, text: "", truncated: false });
}

interface Telling {
  readonly file: FileHandle;
  readonly path: string;
  readonly listener: Listener;
  readonly change: Change;
  readonly id: number;
  readonly attempt: number;
  /** From where on. */
  readonly at: number;
  /** Whether no other run has been claimed, which may write to the same file. */
  readonly isSame: () => Promise<boolean>;
}

/** Until the run is over and all of it is told; answers where that was. */
async function tellFile(telling: Telling): Promise<number> {
  const { file, path, listener, change, id, attempt, isSame } = telling;
  // a character may be cut in two by the end of a chunk
  const decoder = new TextDecoder();
  const watcher = watch(path, () => change.happened("changed"));
  watcher.on("error", () => watcher.close());
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let { at } = telling;
  try {
    while (listener.isOpen) {
      const isOver = change.isOver;
      const truncated = (await file.stat()).size < at;
      const offset = truncated ? 0 : at;
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, offset);
      // what the next run has written by now is told with that, from its first byte
      if (bytesRead > 0 && change.isOver && !(await isSame())) return at;
      const text = decoder.decode(chunk.subarray(0, bytesRead), { stream: true });
      if (bytesRead > 0) listener.send("output", { id, attempt, offset, text, truncated });
      at = offset + bytesRead;
      if (bytesRead > 0) await listener.room();
      else if (isOver) return at;
      else await change.next(backstopMs);
    }
    return at;
  } finally {
    watcher.close();
    await file.close();
  }
}

/** What may happen while one waits for more output. */
class Change {
  #over = false;
  #started = false;
  #wake: (() => void) | undefined;

  /** The run has ended, or the next one has begun. */
  get isOver(): boolean {
    return this.#over || this.#started;
  }

  /** Before one looks: what happens from now on counts. */
  forget(): void {
    this.#over = false;
    this.#started = false;
  }

  happened(type: LiveEvent["type"] | null): void {
    if (type === "ended" || type === null) this.#over = true;
    if (type === "started" || type === null) this.#started = true;
    this.#wake?.();
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
