// The keys of queue.yml from the top, and what must be true of the whole.

import { join } from "node:path";
import type { Config, LogConfig } from "../../config.ts";
import { bounds, defaults, longestName } from "../defaults.ts";
import type { Problems } from "../problems.ts";
import { duration, field, fields, listOf, oneOf, type Reader, text } from "../readers.ts";
import type { MapTree, Tree } from "../yaml/tree.ts";
import { type CommandsDraft, defaultCommands, placeOutput, readCommands } from "./commands.ts";
import { defaultControl, readControl } from "./control.ts";
import { readDispatcher } from "./dispatcher.ts";
import { readConcurrency, readQueues } from "./limits.ts";
import { readHooks, readJobs } from "./paths.ts";
import { readProcess } from "./process.ts";
import { readScheduler } from "./scheduler.ts";
import { absoluteStore, namedAfterStore, readStore, storeFolder } from "./store.ts";
import { readWorkers } from "./workers.ts";

/** All but where it comes from. */
type Read = Omit<Config, "file" | "lines">;

/** What is invalid gets its default, so that everything else is still checked. */
export function validate(tree: MapTree, folder: string, problems: Problems): Read {
  const read = fields(tree, problems, {
    store: field(readStore(folder), absoluteStore(defaults.store, folder)),
    jobs: field<readonly string[]>(readJobs(folder), []),
    hooks: field<string | null>(readHooks(folder), null),
    shutdown_timeout: field(duration(bounds.shutdownTimeout), defaults.shutdownTimeoutMs),
    interruption_adapter: field(adapters, defaults.interruptionAdapters),
    durability: field(oneOf(["normal", "full"]), defaults.durability),
    workers: field(readWorkers, [{ name: "default", ...defaults.worker }]),
    dispatcher: field(readDispatcher, defaults.dispatcher),
    scheduler: field(readScheduler, defaults.scheduler),
    concurrency: field(readConcurrency, defaults.concurrency),
    queues: field(readQueues, defaults.queues),
    process: field(readProcess, defaults.process),
    control: field<Tree | null>((control) => control, null),
    commands: field<CommandsDraft | null>(readCommands, defaultCommands),
    log: field(readLog, defaults.log),
  });
  const { shutdown_timeout, interruption_adapter, control, commands, ...same } = read;
  const beside = storeFolder(read.store, folder);
  const output = join(beside, namedAfterStore(defaults.commands.output, read.store));
  const config = {
    ...same,
    shutdownTimeoutMs: shutdown_timeout,
    interruptionAdapters: interruption_adapter,
    control:
      (control && readControl(folder, beside)(control, problems)) ??
      defaultControl(beside, problems),
    commands: commands && placeOutput(commands, folder, output),
  };
  refuseNothing(tree, config, problems);
  return config;
}

const adapters = listOf(text("write the name of an adapter", longestName), "write runtime or none");

const readLog: Reader<LogConfig> = (tree, problems) =>
  fields(tree, problems, {
    level: field(oneOf(["debug", "info", "warn", "error", "silent"]), defaults.log.level),
  });

/**
 * A scheduler that nobody asked for is nothing to run, nor are commands; when asked for they are.
 */
function refuseNothing(tree: MapTree, config: Read, problems: Problems): void {
  const asked = (key: "scheduler" | "commands") => tree.entries.has(key) && config[key] !== null;
  const runs = config.workers.length > 0 || config.dispatcher !== null;
  if (runs || asked("scheduler") || asked("commands")) return;
  const place = { line: 1, column: 1, path: "" };
  problems.add(place, "there is nothing to run; switch workers, dispatcher or scheduler on");
}
