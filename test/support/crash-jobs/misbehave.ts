// Jobs that do what no job should: kill what runs them, throw what is no error, return what is no
// JSON, leave errors behind.

import { AsyncLocalStorage } from "node:async_hooks";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parentPort } from "node:worker_threads";
import { defineIteration, defineJob } from "queue-runtime";
import { note } from "../crash-note.ts";

interface PoisonInput {
  /** Live until this file exists. */
  readonly after?: string;
  /** In the n-th run, counted from 0, until the file of this name and `.n` exists. */
  readonly afterEach?: string;
  /** Be good after so many. */
  readonly deaths?: number;
}

/** Ends the process it runs in. */
export const poison = defineJob({
  name: "poison",
  async perform(input: PoisonInput | null, context) {
    const { crashes } = context.job;
    note(context, "began");
    const gate = input?.afterEach ? `${input.afterEach}.${crashes}` : input?.after;
    while (gate !== undefined && !existsSync(gate)) await delay(2);
    if (crashes >= (input?.deaths ?? Number.POSITIVE_INFINITY)) return;
    process.kill(process.pid, "SIGKILL");
    await delay(60_000);
  },
});

export const exit = defineJob({
  name: "exit",
  retry: { limit: 0 },
  async perform({ code, after }: { code: number; after?: string }, context) {
    note(context, "began");
    while (after !== undefined && !existsSync(after)) await delay(2);
    process.exit(code);
  },
});

/** Speaks to whoever started its thread, as libraries do that find a `parentPort`. */
export const gossip = defineJob({
  name: "gossip",
  async perform(_input: null, context) {
    note(context, "began");
    for (const word of [null, "progress", { ready: false }, { type: "ended", slot: 0 }]) {
      parentPort!.postMessage(word);
    }
    await delay(50);
    return "said";
  },
});

/** Throws from a timer, where no await can catch it, and would go on for ever. */
export const stray = defineJob({
  name: "stray",
  retry: { limit: 0 },
  async perform({ kind }: { kind: "throw" | "reject" }, context) {
    note(context, "began");
    if (kind === "throw") {
      setTimeout(() => {
        throw new RangeError("thrown from a timer");
      }, 1);
    } else void Promise.reject(new RangeError("rejected and forgotten"));
    await delay(60_000, undefined, { ref: false });
  },
});

/** Ends well, and throws from a timer after that. */
export const leaver = defineJob({
  name: "leaver",
  perform({ ms }: { ms: number }, context) {
    note(context, "ran");
    setTimeout(() => {
      throw new RangeError("left behind");
    }, ms);
  },
});

/** What runs in here belongs to no job. */
const outside = AsyncLocalStorage.snapshot();

/** Throws where nobody can tell whose error it is, as a shared connection would. */
export const anonymous = defineJob({
  name: "anonymous",
  retry: { limit: 0 },
  async perform({ after }: { after: string }, context) {
    note(context, "began");
    while (!existsSync(after)) await delay(2);
    outside(() =>
      setTimeout(() => {
        throw new RangeError("nobody knows whose");
      }, 1),
    );
    await delay(60_000);
  },
});

/** Fills its thread's heap. */
export const glutton = defineJob({
  name: "glutton",
  retry: { limit: 0 },
  perform(_: unknown, context) {
    note(context, "began");
    const kept: object[] = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length));
  },
});

const thrown: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  undefined: () => undefined,
  text: () => "only a string",
  promise: () => Promise.reject(new Error("inside a promise")),
  getters: () => ({
    get name() {
      throw new Error("no name for you");
    },
    get message() {
      throw new Error("no message for you");
    },
    get stack() {
      throw new Error("no stack for you");
    },
  }),
  circular: () => {
    const error = new Error("around and around");
    error.cause = new Error("the other", { cause: error });
    return error;
  },
  huge: () => new Error("x".repeat(50_000_000)),
  proxy: () => Proxy.revocable({}, {}).proxy,
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

export const thrower = defineJob({
  name: "throw",
  retry: { limit: 0 },
  perform({ what }: { what: string }, context) {
    note(context, "began");
    throw thrown[what]!();
  },
});

const results: Readonly<Record<string, () => unknown>> = {
  date: () => ({ items: [{ at: new Date(0) }] }),
  bigint: () => ({ total: 1n }),
  undefined: () => ({ list: [1, undefined] }),
  nan: () => [Number.NaN],
  map: () => ({ byId: new Map() }),
  circular: () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    return loop;
  },
};

export const resulter = defineJob({
  name: "result",
  perform({ what }: { what: string }, context) {
    note(context, "began");
    return results[what]!();
  },
});

/** Its second cursor is no JSON. */
export const badCursor = defineIteration({
  name: "bad.cursor",
  *buildEnumerator() {
    yield ["first", { at: 1 }];
    yield ["second", { at: new Date(0) } as unknown as { at: number }];
  },
  eachIteration(item, context) {
    note(context, "item", item);
  },
});
