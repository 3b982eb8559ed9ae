// The registry of interruption adapters: small functions that answer whether an iteration should
// make room, asked after every item. They answer false, true or a reason, at once and cheaply.
//
// Naming adapters replaces the default `runtime`; `none` never interrupts. Cancel, time-out and a
// lost fence are no matter of adapters and always count, and so does the abort of
// `context.signal` when a shutdown can wait no longer.

import type { JobContext } from "../context.ts";
import { closestWord, kindOf } from "../values/options.ts";
import { fileAdapter } from "./file-adapter.ts";
import { memoryAdapter } from "./memory-adapter.ts";

/** Answers false to go on, true or a reason to interrupt. Synchronous and cheap. */
export type InterruptionAdapter = (context: JobContext) => boolean | string | undefined | null;

/** Answers false, or why the iteration should be interrupted. */
export type InterruptionQuestion = (context: JobContext) => string | false;

export interface InterruptionAdapters {
  /**
   * Makes an adapter known by a name, for `interruptionAdapter` of a job and `interruption_adapter`
   * in queue.yml. The same adapter may be registered twice.
   * @throws TypeError when it is no function, or the name means another adapter
   */
  register(name: string, adapter: InterruptionAdapter): void;
  /**
   * One question for one or several names.
   * @throws TypeError for a name that nobody registered
   */
  resolve(names: string | readonly string[]): InterruptionQuestion;
}

const builtIn: Readonly<Record<string, InterruptionAdapter>> = {
  runtime: (context) => context.stopping && "stop",
  none: () => false,
};

/** Adapters that are named together with what they watch, as in `memory:512mb`. */
const parametric: Readonly<Record<string, (parameter: string) => InterruptionAdapter>> = {
  file: fileAdapter,
  memory: memoryAdapter,
};

// Shared by all copies of this package in one thread: registering in one must count in the other.
const key = Symbol.for("queue-runtime.interruption-adapters");
const global = globalThis as { [key]?: Map<string, InterruptionAdapter> };
global[key] ??= new Map(Object.entries(builtIn));
const registry = global[key];

export const interruptionAdapters: InterruptionAdapters = Object.freeze({ register, resolve });

function register(name: string, adapter: InterruptionAdapter): void {
  if (typeof name !== "string" || name === "" || name.includes(":")) {
    throw new TypeError('the name of an interruption adapter is a string without ":"');
  }
  if (typeof adapter !== "function") {
    throw new TypeError(
      `interruption adapter "${name}" must be a function, not ${kindOf(adapter)}`,
    );
  }
  const known = registry.get(name);
  if (known === adapter) return;
  if (known !== undefined || name in parametric) {
    throw new TypeError(
      `another interruption adapter is named "${name}" already; choose another name`,
    );
  }
  registry.set(name, adapter);
}

function resolve(names: string | readonly string[]): InterruptionQuestion {
  const questions = [names].flat().map(question);
  if (questions.length === 1) return questions[0]!;
  return (context) => {
    for (const ask of questions) {
      const reason = ask(context);
      if (reason !== false) return reason;
    }
    return false;
  };
}

function question(name: string): InterruptionQuestion {
  const adapter = find(name);
  return (context) => {
    const answer: unknown = adapter(context);
    if (answer === false || answer === undefined || answer === null || answer === "") return false;
    if (answer === true) return name;
    if (typeof answer === "string") return answer;
    throw new TypeError(
      `interruption adapter "${name}" answered ${kindOf(answer)}, not true, false or a reason`,
    );
  };
}

function find(name: string): InterruptionAdapter {
  const registered = registry.get(name);
  if (registered !== undefined) return registered;
  const [kind, ...parameter] = String(name).split(":");
  const make = Object.hasOwn(parametric, kind!) ? parametric[kind!] : undefined;
  if (make !== undefined) return make(parameter.join(":"));
  const names = [...registry.keys(), ...Object.keys(parametric)];
  const near = closestWord(kind!, names);
  const hint = near === null ? `known are ${names.join(", ")}` : `did you mean "${near}"?`;
  throw new TypeError(`no interruption adapter is registered as "${name}"; ${hint}`);
}
