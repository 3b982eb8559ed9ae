// `workers:`, a list with one entry per kind of worker.

import type { WorkerConfig } from "../../config.ts";
import { bounds, defaults, longestName } from "../defaults.ts";
import type { Problems } from "../problems.ts";
import { quote } from "../quote.ts";
import {
  duration,
  field,
  fields,
  listOf,
  mismatch,
  placeOf,
  type Reader,
  text,
  wholeNumber,
} from "../readers.ts";
import type { Tree } from "../yaml/tree.ts";

/** An empty list is no worker; a worker without a name gets one that is free. */
export const readWorkers: Reader<readonly WorkerConfig[]> = (tree, problems) => {
  if (tree.kind !== "list") return mismatch(tree, problems, "write a list, or [] for no worker");
  if (tree.items.length > bounds.workers[1]) {
    problems.add(
      tree.place,
      `${tree.items.length} workers are too many; write at most ${bounds.workers[1]}`,
    );
    return undefined;
  }
  const workers = tree.items.map((item) => ({ item, ...readWorker(item, problems) }));
  const names = new Set<string>();
  for (const { item, name } of workers) {
    if (name === null) continue;
    if (names.has(name)) {
      problems.add(
        placeOf(item, "name"),
        `two workers are named ${quote(name)}; give each a name of its own`,
      );
    }
    names.add(name);
  }
  return workers.map(({ item: _, name, ...rest }, index) => {
    const given = name ?? freeName(names, index);
    names.add(given);
    return { name: given, ...rest };
  });
};

function readWorker(
  tree: Tree,
  problems: Problems,
): Omit<WorkerConfig, "name"> & { readonly name: string | null } {
  const read = fields(tree, problems, {
    name: field<string | null>(workerName, null),
    queues: field(
      listOf(queuePattern, "name a queue, or write workers: [] for no worker"),
      defaults.worker.queues,
    ),
    processes: field(wholeNumber(bounds.processes), defaults.worker.processes),
    threads: field(wholeNumber(bounds.threads), defaults.worker.threads),
    concurrency: field(wholeNumber(bounds.concurrency), defaults.worker.concurrency),
    polling_interval: field(duration(bounds.pollingInterval), defaults.worker.pollingIntervalMs),
  });
  const { polling_interval: pollingIntervalMs, ...same } = read;
  return { ...same, pollingIntervalMs };
}

function freeName(taken: ReadonlySet<string>, index: number): string {
  if (index === 0 && !taken.has("default")) return "default";
  let number = index + 1;
  while (taken.has(`worker-${number}`)) number += 1;
  return `worker-${number}`;
}

const workerName: Reader<string> = (tree, problems) => {
  const advice = "write up to 64 letters, digits, dots, dashes and underscores";
  const name = text(advice)(tree, problems);
  if (name === undefined || /^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) return name;
  problems.add(tree.place, `${quote(name)} is not a name; ${advice}`);
  return undefined;
};

/** A queue's name, a prefix with `*` behind it, or `*` for all. */
const queuePattern: Reader<string> = (tree, problems) => {
  const pattern = text('write the name of a queue, or "*" for all', longestName)(tree, problems);
  if (pattern === undefined) return undefined;
  const star = pattern.indexOf("*");
  if (star >= 0 && star < pattern.length - 1) {
    problems.add(
      tree.place,
      `${quote(pattern)} has a * before its end; write a prefix such as "mail_*"`,
    );
    return undefined;
  }
  if (pattern.includes(",")) {
    const list = `[${pattern.split(/\s*,\s*/).join(", ")}]`;
    problems.add(
      tree.place,
      `${quote(pattern)} is one name with a comma in it; write a list: ${quote(list).slice(1, -1)}`,
    );
    return undefined;
  }
  return pattern;
};
