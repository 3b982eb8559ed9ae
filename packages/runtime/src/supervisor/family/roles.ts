// Which children a configuration asks for.

import type { Config } from "../../config.ts";
import type { Role } from "../../process/messages.ts";

export function rolesOf(config: Config): Role[] {
  const roles: Role[] = config.workers.flatMap((worker) =>
    Array.from({ length: worker.processes }, (_, index) => ({
      kind: "worker" as const,
      name: `worker ${worker.name}/${index + 1}`,
      worker,
    })),
  );
  if (config.dispatcher) roles.push({ kind: "dispatcher", name: "dispatcher" });
  return roles;
}

/** For people: what a child takes and how it runs it. */
export function describeRole(role: Role): string {
  if (role.kind === "dispatcher") return "due jobs, retention, dead processes";
  const { queues, threads, concurrency } = role.worker;
  const where = threads === 0 ? "main loop" : `${threads} ${threads === 1 ? "thread" : "threads"}`;
  return `queues ${queues.join(", ")} on ${where}${concurrency > 1 ? `, ${concurrency} at once` : ""}`;
}
