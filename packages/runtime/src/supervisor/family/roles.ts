// Which children a configuration asks for.

import type { CommandsConfig, Config } from "../../config.ts";
import type { Role } from "../../process/messages.ts";

export function rolesOf(config: Config): Role[] {
  const roles: Role[] = config.workers.flatMap((worker) =>
    Array.from({ length: worker.processes }, (_, index) => ({
      kind: "worker" as const,
      name: `worker ${worker.name}/${index + 1}`,
      worker,
    })),
  );
  const hosts = (["dispatcher", "scheduler"] as const).filter((kind) => config[kind] !== null);
  const [kind] = hosts;
  if (kind) roles.push({ kind, name: kind, hosts });
  return roles;
}

/** The child that runs commands. It is started when there are some, and is none of `rolesOf`. */
export function commandsRole(commands: CommandsConfig): Role {
  return { kind: "commands", name: "commands", commands };
}

const duties = {
  dispatcher: "due jobs, retention, dead processes",
  scheduler: "recurring tasks",
} as const;

/** For people: what a child takes and how it runs it. */
export function describeRole(role: Role): string {
  if (role.kind === "commands") return `commands by ${role.commands.shell.join(" ")}`;
  if (role.kind !== "worker") return role.hosts.map((kind) => duties[kind]).join(", ");
  const { queues, threads, concurrency } = role.worker;
  const where = threads === 0 ? "main loop" : `${threads} ${threads === 1 ? "thread" : "threads"}`;
  return `queues ${queues.join(", ")} on ${where}${concurrency > 1 ? `, ${concurrency} at once` : ""}`;
}
