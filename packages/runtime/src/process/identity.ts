// Which process is which. A pid alone means nothing: it is used again, and containers all start at
// 1.

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "@queue-runtime/store";

let bootId: string | undefined;

export function identify(pid: number): ProcessIdentity {
  bootId ??= readBootId();
  return { pid, host: hostname(), bootId, startTicks: statOf(pid)?.startTicks ?? 0 };
}

/** Of the kernel and of the pid namespace: containers that share a host name do not share pids. */
function readBootId(): string {
  const boot = readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  try {
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return boot;
  }
}

/** Whether a process seen earlier on this host still runs. A zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = statOf(identity.pid);
  if (stat) return stat.state !== "Z" && stat.startTicks === identity.startTicks;
  if (process.platform === "linux") return false;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether two identities are of the same machine since the same boot: their pids compare. */
export function sameHost(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.host === b.host && a.bootId === b.bootId;
}

/** Resident memory of a process in bytes; null where the system does not tell. */
export function rssOf(pid: number): number | null {
  const pages = Number(readText(`/proc/${pid}/statm`)?.split(" ")[1]);
  return Number.isFinite(pages) ? pages * 4_096 : null;
}

function statOf(pid: number): { state: string; startTicks: number } | null {
  const text = readText(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The name of the program stands in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTicks: Number(fields[19]) };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
