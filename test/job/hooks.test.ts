// Lifecycle hooks: in order, each once, each limited, none able to stop the rest.

import {
  type HookName,
  type HookPayload,
  onDispatcherStart,
  onExit,
  onSchedulerStop,
  onStart,
  onStop,
  onWorkerExit,
  onWorkerStart,
  onWorkerStop,
  runHooks,
} from "@queue-runtime/job";
import { expect, test } from "vitest";

const self: HookPayload = { kind: "worker", name: "worker default/1", pid: 1, processId: 7 };

async function run(name: HookName, limitMs = 1_000): Promise<string[]> {
  const errors: string[] = [];
  await runHooks(name, self, {
    limitMs,
    onError: (hook, error) => errors.push(`${hook}: ${String(error)}`),
  });
  return errors;
}

test("hooks run one after the other, in order, and know their process", async () => {
  const log: unknown[] = [];
  onWorkerStart(async (process) => {
    await new Promise(setImmediate);
    log.push(process);
  });
  onWorkerStart(() => log.push("second"));
  expect(await run("onWorkerStart")).toEqual([]);
  expect(log).toEqual([self, "second"]);
});

test("each hook runs once, however often its event comes; later ones still run", async () => {
  let runs = 0;
  onStop(() => runs++);
  await Promise.all([run("onStop"), run("onStop")]);
  onStop(() => runs++);
  await run("onStop");
  await run("onStop");
  expect(runs).toBe(2);
});

test("a hook that throws or rejects is reported, and the next one runs", async () => {
  let reached = false;
  onWorkerStop(() => {
    throw new Error("at once");
  });
  onWorkerStop(() => Promise.reject(new Error("later")));
  onWorkerStop(() => {
    reached = true;
  });
  expect(await run("onWorkerStop")).toEqual([
    "onWorkerStop #1: Error: at once",
    "onWorkerStop #2: Error: later",
  ]);
  expect(reached).toBe(true);
});

test("a hook that hangs is left behind after its time", async () => {
  onExit(() => new Promise(() => {}), { timeout: 20 });
  expect(await run("onExit", 60_000)).toEqual(["onExit #1: Error: it took longer than 20 ms"]);
});

test("no hook has longer than the runtime allows", async () => {
  onWorkerExit(() => new Promise(() => {}), { timeout: "1h" });
  expect(await run("onWorkerExit", 15)).toEqual([
    "onWorkerExit #1: Error: it took longer than 15 ms",
  ]);
});

test("a hook that fails after its time is over is nobody's unhandled rejection", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  onStart(() => promise, { timeout: 5 });
  expect(await run("onStart")).toHaveLength(1);
  reject(new Error("too late to matter"));
  await new Promise(setImmediate);
});

test("the registry is shared by all copies of the package", async () => {
  onDispatcherStart(() => {});
  const registry = (globalThis as Record<symbol, unknown>)[Symbol.for("queue-runtime.hooks")];
  expect((registry as Map<HookName, unknown[]>).get("onDispatcherStart")).toHaveLength(1);
});

test("what is no hook is refused when it is registered", () => {
  expect(() => onSchedulerStop("x" as never)).toThrow(
    "onSchedulerStop takes a function, not a string",
  );
  expect(() => onSchedulerStop(() => {}, { timeout: "soon" })).toThrow("onSchedulerStop: timeout");
  expect(() => onSchedulerStop(() => {}, { limit: 5 } as never)).toThrow('no option "limit"');
});
