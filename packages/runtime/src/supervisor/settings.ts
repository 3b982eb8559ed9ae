// What a configuration says about the store itself: limits of keys, settings of queues, recurring
// tasks. Each is kept under the name of its source, so that what disappears from a file is taken
// back at its next start, and nobody else's is touched.
//
// A source is known by the path of its file, or by `scheduler.name`. Rejected: the name of the file
// alone, because two applications that share a store would take turns in deleting each other's
// tasks.

import { isDeepStrictEqual } from "node:util";
import { type NewTask, type RecurringTask, type Store, StoreError } from "@queue-runtime/store";
import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import type { CodeFacts } from "../process/messages.ts";
import { isAway, type StoreHealth } from "../service/store-health.ts";

/** Others may define tasks at the same moment; so often they are looked at again. */
const tries = 5;

/** So many keys are looked after before the first worker claims; the dispatcher does the rest. */
const keysAtBoot = 1_000;

/** Whoever looks at the log of a boot that takes longer wants to know what it does. */
const slowMs = 1_000;

export interface SettingsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly health: StoreHealth;
}

export class Settings {
  readonly #options: SettingsOptions;

  constructor(options: SettingsOptions) {
    this.#options = options;
  }

  /**
   * Limits and queues, and the slots of those who are gone: a worker that claimed before would go
   * by what was true when the last runtime ended.
   */
  async beforeWorkers(config: Config): Promise<void> {
    const { store, log } = this.#options;
    const source = `file:${nameOf(config)}`;
    const slow = setTimeout(() => log.report({ type: "settings-slow" }), slowMs);
    try {
      await this.#insist(async () => {
        await store.flow.define(source, config.concurrency.limits);
        await store.queues.define(source, config.queues);
        await store.flow.maintain(keysAtBoot);
      });
    } finally {
      clearTimeout(slow);
    }
  }

  /** Recurring tasks: once the code that they belong to is up. What it does not have is said. */
  async withCode(config: Config, code: CodeFacts | null): Promise<void> {
    const { tasks = null, doubts = [] } = code ?? {};
    for (const message of doubts) this.#options.log.report({ type: "config-doubtful", message });
    if (tasks === null) return;
    const name = nameOf(config);
    const sources = new Map([
      [`file:${name}`, tasks.file],
      [`code:${name}`, tasks.code],
    ]);
    await this.#insist(() => this.#defineTasks(sources));
  }

  async #defineTasks(sources: Sources): Promise<void> {
    const { store, log } = this.#options;
    for (let tried = 1; ; tried++) {
      try {
        return await define(store, sources, log);
      } catch (error) {
        const raced = error instanceof StoreError && error.code === "invalid";
        if (!raced || tried === tries) throw error;
      }
    }
  }

  /** A server that is away comes back; a file that cannot be written stays so. */
  #insist(call: () => Promise<void>): Promise<void> {
    const { store, health } = this.#options;
    return health.insist(call, { goOn: (error) => store.shared && isAway(error) });
  }
}

type Sources = ReadonlyMap<string, readonly NewTask[]>;

/**
 * Twice where a task moves from the file to the code or back: its old source has to let it go
 * first.
 */
async function define(store: Store, sources: Sources, log: Log): Promise<void> {
  const before = await defineOwn(store, sources);
  const movers = before.filter(({ other }) => sources.has(other.source));
  const clashes = movers.length > 0 ? await defineOwn(store, sources) : before;
  for (const { task, other } of clashes) {
    const same = isDeepStrictEqual(factsOf(task), factsOf(other));
    log.report({ type: "task-clash", task: task.key, source: other.source, same });
  }
}

interface Clash {
  readonly task: NewTask;
  /** As somebody else has defined it. */
  readonly other: RecurringTask;
}

/** Leaves out what belongs to somebody else. */
async function defineOwn(store: Store, sources: Sources): Promise<readonly Clash[]> {
  const clashes: Clash[] = [];
  for (const [source, tasks] of sources) {
    const stored = new Map((await store.recurring.list()).map((task) => [task.key, task]));
    const own = tasks.filter((task) => {
      const other = stored.get(task.key);
      if (!other || other.source === source) return true;
      clashes.push({ task, other });
      return false;
    });
    await store.recurring.define(source, own);
  }
  return clashes;
}

function factsOf({ schedule, timeZone, job, catchUp }: NewTask): object {
  const { name, args = null, queue = "default", priority = 0 } = job;
  return { schedule, timeZone, catchUp, name, args, queue, priority };
}

function nameOf({ scheduler, file }: Config): string {
  return scheduler?.name ?? file;
}
