// Why a job is not running, in a sentence for people.

import { type Holder, type Reason, systemClock } from "@queue-runtime/store";
import { quoted, visible } from "./text.ts";
import { isoTime, period } from "./times.ts";

type Blocked = Extract<Reason, { why: "blocked" }>;

export function reasonText(reason: Reason): string {
  switch (reason.why) {
    case "ended":
      return `it has ended: ${reason.state}`;
    case "silent":
      return silentText(reason);
    case "held":
      return "it is held until somebody lets it go";
    case "scheduled":
      return dueText(reason);
    case "waiting":
      return `it comes after ${reason.after.map(({ id, state }) => `job ${id} (${state})`).join(", ")}`;
    case "blocked":
      return blockedText(reason);
    case "paused":
      return `the queue ${quoted(reason.queue)} has been paused for ${ago(reason.since)}`;
    case "locked":
      return `somebody edits it; its lock ends in ${near(reason.until - systemClock.now())} by itself`;
    case "slots":
      return slotsText(reason);
    case "no-runner":
      return runnerText(reason);
    case "no-worker":
      return `no running worker takes jobs from the queue ${quoted(reason.queue)}`;
    case "unknown-name":
      return `no running worker has code for ${quoted(reason.name)}`;
    case "no-dispatcher":
      return "it could be ready, and no dispatcher is running to make it so";
    case "not-dispatched":
      return "it could be ready, and the dispatcher has not made it so yet";
    case "workers-full":
      return workersText(reason);
    default:
      return impossible(reason);
  }
}

function silentText({ process: { name, host, pid }, since }: Extract<Reason, { why: "silent" }>) {
  const where = `${visible(name)}, pid ${pid} on ${visible(host)}`;
  const what = `its process (${where}) has been silent for ${ago(since)}`;
  return `${what}; it runs again when a runtime starts`;
}

function dueText({ runAt, inMs }: Extract<Reason, { why: "scheduled" }>): string {
  if (inMs > 0) return `it is due in ${near(inMs)}, at ${isoTime(runAt)}`;
  return `it was due at ${isoTime(runAt)}, and no dispatcher has made it ready`;
}

function blockedText({ kind, key, limit, holders, keptFor, freeInMs }: Blocked): string {
  if (keptFor !== null) return `a slot of ${quoted(key)} is kept for job ${keptFor}, before it`;
  const soon = freeInMs === null ? "" : `; the next slot is free in ${near(freeInMs)}`;
  if (kind === "rate") return `the rate of ${quoted(key)} is used up${soon}`;
  const slots = limit === 1 ? "its slot" : `all ${limit} slots`;
  const whose = holders.map(holderText).join(", ");
  const had = `${slots} of ${quoted(key)} ${limit === 1 ? "is" : "are"} taken`;
  if (kind === "fair")
    return `the key ${quoted(key)} has its share of ready jobs, others take turns`;
  return whose === "" ? had : `${had}, by ${whose}`;
}

function holderText({ id, name, state, process, since }: Holder): string {
  const where = process
    ? ` in ${visible(process.name)}, pid ${process.pid} on ${visible(process.host)}`
    : "";
  return `job ${id} ${visible(name)} (${state}${where}, for ${ago(since)})`;
}

function slotsText({ group, slots, taken, ahead }: Extract<Reason, { why: "slots" }>): string {
  const all = slots === 1 ? "1 slot" : `${slots} slots`;
  const others = ahead === 1 ? "1 command is" : `${ahead} commands are`;
  const line = ahead > 0 ? `, and ${others} ahead of it` : "";
  return `the group ${quoted(group)} has ${all} and ${taken} taken${line}`;
}

function runnerText({ runtimes }: Extract<Reason, { why: "no-runner" }>): string {
  if (runtimes === 0) return "no runtime is running: `runtime start` starts one";
  const who = runtimes === 1 ? "the runtime that is up" : `each of ${runtimes} runtimes`;
  return `${who} has \`commands: false\`, or has not started them yet; its log says why`;
}

type Full = Extract<Reason, { why: "workers-full" }>;

function workersText(reason: Full): string {
  const jobs = reason.ahead === 1 ? "1 job is" : `${reason.ahead} jobs are`;
  return `${staffText(reason)}${reason.ahead > 0 ? `, and ${jobs} ahead of it` : ""}`;
}

function staffText({ workers, states }: Full): string {
  const { running = 0, busy = 0, quiet = 0, starting = 0, stopping = 0 } = states;
  const all = { busy: running + busy, quiet, starting, stopping };
  const doing = Object.entries(all).filter(([, count]) => count > 0);
  if (workers === 1) return `the only worker for it is ${doing[0]?.[0]}`;
  if (doing.length === 1) return `all ${workers} workers for it are ${doing[0]?.[0]}`;
  const parts = doing.map(([state, count]) => `${count} ${count === 1 ? "is" : "are"} ${state}`);
  return `of the ${workers} workers for it ${parts.join(", ")}`;
}

function ago(since: number): string {
  return period(systemClock.now() - since);
}

/** Below a second `period` says nothing. */
function near(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : period(ms);
}

function impossible(reason: never): never {
  throw new Error(`no words for ${JSON.stringify(reason)}`);
}
