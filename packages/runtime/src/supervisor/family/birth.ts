// The first steps of a child: a row in the store, a limit to its boot, and a word when it is ready.
// One that is born while the store is away waits for its row, and its boot begins afterwards.

import type { Store } from "@queue-runtime/store";
import type { Log } from "../../log.ts";
import { identify } from "../../process/identity.ts";
import { monotonic } from "../../process/monotonic.ts";
import { isAway, type StoreHealth } from "../../service/store-health.ts";
import type { Child } from "./child.ts";
import { describeRole } from "./roles.ts";

export interface BirthOptions {
  readonly store: Store;
  readonly health: StoreHealth;
  readonly supervisorId: () => number;
}

/** Gives it a row in the store, without which it can do nothing: it is killed if that fails. */
export async function register(child: Child, options: BirthOptions): Promise<void> {
  const { role } = child;
  const { store, health } = options;
  const goOn = (error: unknown) => store.shared && isAway(error) && child.state !== "gone";
  const row = () => ({
    ...identify(child.pid),
    kind: role.kind,
    name: role.name,
    supervisorId: options.supervisorId(),
    queues: role.kind === "worker" ? role.worker.queues : [],
  });
  try {
    child.processId = await health.insist(() => store.processes.register(row()), { goOn });
  } catch (error) {
    child.kill();
    throw error;
  }
}

export function announce({ name, pid, role }: Child, log: Log): void {
  log.report({ type: "child-started", name, pid, what: describeRole(role) });
}

/** Logs when it is ready, and kills it when it is not in time. */
export function watchBoot(child: Child, limitMs: number, log: Log): void {
  const { name, pid } = child;
  const timer = setTimeout(() => {
    log.report({ type: "child-slow", name, pid, ms: limitMs });
    child.kill();
  }, limitMs);
  void child.settled.then(() => {
    clearTimeout(timer);
    if (child.state !== "ready") return;
    log.report({ type: "child-ready", name, pid, ms: monotonic() - child.startedAt });
  });
}
