// A run for iterations under other queues: no row, no store, only a cursor that goes in and comes
// out by a callback.

import type { Json, Progress } from "@queue-runtime/store";
import type { Position } from "../outcome.ts";
import type { Logger, Run, RunJob } from "../run.ts";
import { type Duration, parseDuration } from "../values/duration.ts";
import { inPlace } from "../values/options.ts";

export interface IterateOptions {
  /** What the callbacks are given; null by default. */
  readonly input?: Json;
  /** Where the run before this one stopped; null or absent is the beginning. */
  readonly cursor?: Json;
  /** Asked after every item: false to go on, true or a reason to interrupt. Never, by default. */
  readonly adapter?: () => boolean | string;
  /**
   * Where to save the position: called at most every `every`, never twice at once, and awaited at
   * the end of the run, whatever ended it. When it fails, the run ends with its error.
   */
  readonly onCheckpoint?: (cursor: Json, progress: Progress) => unknown;
  /** 1s by default. */
  readonly every?: Duration;
  /** Interrupts after the item in hand when it aborts; also `context.signal`. */
  readonly signal?: AbortSignal;
  /** Silent by default. */
  readonly log?: Logger;
}

export interface OutsideRun {
  readonly run: Run;
  /** Why the adapter interrupted, or null. */
  reason(): string | null;
  /** Saves what is left to save. Rejects when `onCheckpoint` failed, now or earlier. */
  settle(): Promise<void>;
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

export function outsideRun(name: string, options: IterateOptions): OutsideRun {
  const { adapter, signal = new AbortController().signal } = options;
  const saver = saverOf(options);
  let reason: string | null = null;
  const stopping = (): "stop" | "lost" | false => {
    if (saver.failed()) return "lost";
    if (signal.aborted) return "stop";
    const answer = adapter?.() ?? false;
    if (answer === false || answer === "") return false;
    reason = answer === true ? "adapter" : answer;
    return "stop";
  };
  const run: Run = {
    job: rowOf(name, options),
    log: options.log ?? silent,
    stopping,
    signal,
    note: saver.note,
    save: saver.save,
    take: async () => {
      throw new TypeError("context.take needs Queue Runtime; keep to a rate of your own here");
    },
    enqueue: async () => {
      throw new TypeError("context.enqueue needs Queue Runtime; use your own queue here");
    },
    monotonic: () => performance.now(),
    random: Math.random,
  };
  return { run, reason: () => reason, settle: saver.settle };
}

function rowOf(name: string, { input = null, cursor = null }: IterateOptions): RunJob {
  const counters = { attempts: 1, interruptions: 0, crashes: 0, fence: 0, priority: 0 };
  const progress: Progress = { done: 0, total: null };
  const times = { runAt: 0, createdAt: 0 };
  return {
    id: 0,
    name,
    queue: "",
    args: input,
    cursor,
    label: null,
    batchId: null,
    progress,
    ...counters,
    ...times,
  };
}

interface Saver {
  note(position: Position): void;
  save(position: Position): Promise<void>;
  failed(): boolean;
  settle(): Promise<void>;
}

/** One save at a time, each of the newest position. */
function saverOf({ onCheckpoint, every = "1s" }: IterateOptions): Saver {
  const everyMs = inPlace("iterate: every", () => parseDuration(every));
  let newest: Position | null = null;
  let saving: Promise<void> | null = null;
  let savedAt = performance.now();
  let failure: { readonly error: unknown } | null = null;

  async function saveNewest(): Promise<void> {
    const position = newest;
    newest = null;
    savedAt = performance.now();
    if (position?.cursor === undefined || failure !== null) return;
    try {
      await onCheckpoint?.(position.cursor, position.progress ?? { done: 0, total: null });
    } catch (error) {
      failure = { error };
    }
  }

  function begin(): void {
    saving = saveNewest().finally(() => {
      saving = null;
    });
  }

  async function settle(): Promise<void> {
    await saving;
    await saveNewest();
    if (failure !== null) throw failure.error;
  }

  return {
    note(position) {
      newest = position;
      if (saving === null && performance.now() - savedAt >= everyMs) begin();
    },
    async save(position) {
      newest = position;
      await settle();
    },
    failed: () => failure !== null,
    settle,
  };
}
