// Lifecycle hooks: functions of the user that run when a process starts, stops and exits. This is
// the registry and how one event is run; when that happens is the runtime's business.

import type { ProcessKind } from "@queue-runtime/store";
import { type Duration, parseDuration } from "./values/duration.ts";
import { checkOptions, inPlace, kindOf } from "./values/options.ts";

/** Those of the supervisor, then those of its children. */
export const hookNames = [
  "onStart",
  "onStop",
  "onExit",
  "onWorkerStart",
  "onWorkerStop",
  "onWorkerExit",
  "onDispatcherStart",
  "onDispatcherStop",
  "onDispatcherExit",
  "onSchedulerStart",
  "onSchedulerStop",
  "onSchedulerExit",
] as const;

export type HookName = (typeof hookNames)[number];

/** What a hook is told about the process it runs in. */
export interface HookPayload {
  readonly kind: ProcessKind;
  /** Such as `worker default/1`. */
  readonly name: string;
  readonly pid: number;
  /** Its id in the store. */
  readonly processId: number;
}

export type Hook = (process: HookPayload) => unknown;

export interface HookOptions {
  /** The longest it may take; never more than the runtime allows at that moment. */
  readonly timeout?: Duration;
}

export type RegisterHook = (hook: Hook, options?: HookOptions) => void;

/** A longer timer would fire at once. */
const longestMs = 2 ** 31 - 1;

interface Registered {
  readonly hook: Hook;
  readonly timeoutMs: number;
  begun: boolean;
}

// Shared by all copies of this package in one thread.
const key = Symbol.for("queue-runtime.hooks");
const global = globalThis as { [key]?: Map<HookName, Registered[]> };
global[key] ??= new Map();
const registry = global[key];

function register(name: HookName): RegisterHook {
  return (hook, options = {}) => {
    if (typeof hook !== "function") {
      throw new TypeError(`${name} takes a function, not ${kindOf(hook)}`);
    }
    checkOptions(name, options, ["timeout"]);
    const { timeout = longestMs } = options;
    const timeoutMs = inPlace(`${name}: timeout`, () => parseDuration(timeout));
    const hooks = registry.get(name) ?? [];
    registry.set(name, hooks);
    hooks.push({ hook, timeoutMs, begun: false });
  };
}

/** The supervisor has started its children. */
export const onStart: RegisterHook = register("onStart");
/** The supervisor was told to stop. */
export const onStop: RegisterHook = register("onStop");
/** The supervisor is about to exit. */
export const onExit: RegisterHook = register("onExit");
/** A worker is ready, and has claimed nothing yet. */
export const onWorkerStart: RegisterHook = register("onWorkerStart");
/** A worker was told to stop: its jobs see `stopping` already. */
export const onWorkerStop: RegisterHook = register("onWorkerStop");
/** A worker has handed everything back and is about to exit. */
export const onWorkerExit: RegisterHook = register("onWorkerExit");
/** The dispatcher has started. */
export const onDispatcherStart: RegisterHook = register("onDispatcherStart");
/** The dispatcher was told to stop. */
export const onDispatcherStop: RegisterHook = register("onDispatcherStop");
/** The dispatcher is about to exit. */
export const onDispatcherExit: RegisterHook = register("onDispatcherExit");
/** The scheduler has started. */
export const onSchedulerStart: RegisterHook = register("onSchedulerStart");
/** The scheduler was told to stop. */
export const onSchedulerStop: RegisterHook = register("onSchedulerStop");
/** The scheduler is about to exit. */
export const onSchedulerExit: RegisterHook = register("onSchedulerExit");

export interface RunHooksOptions {
  /** The longest that each hook may take, in milliseconds. */
  readonly limitMs: number;
  /** Told about each hook that threw or took too long; `hook` is such as `onWorkerStop #1`. */
  readonly onError: (hook: string, error: unknown) => void;
}

/**
 * Runs the hooks of an event in the order of their registration, one after the other. Each runs
 * once in the life of a process, however often this is called. Never rejects.
 */
export async function runHooks(
  name: HookName,
  payload: HookPayload,
  { limitMs, onError }: RunHooksOptions,
): Promise<void> {
  for (const [index, registered] of [...(registry.get(name) ?? [])].entries()) {
    if (registered.begun) continue;
    registered.begun = true;
    try {
      await within(Math.min(limitMs, registered.timeoutMs, longestMs), () =>
        registered.hook(payload),
      );
    } catch (error) {
      onError(`${name} #${index + 1}`, error);
    }
  }
}

async function within(ms: number, work: () => unknown): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took longer than ${ms} ms`)), ms);
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
