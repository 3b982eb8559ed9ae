// Makes the service a child was told to be, with the code it needs loaded.

import type { Store } from "@queue-runtime/store";
import { defaults } from "../config/defaults.ts";
import type { Config } from "../config.ts";
import { Dispatcher } from "../dispatcher.ts";
import { jobLogger } from "../log/job-logger.ts";
import type { Log } from "../log.ts";
import { checkAdapters } from "../modules/adapters.ts";
import { doubtsOf } from "../modules/doubts.ts";
import { keepStripped, type Stripped } from "../modules/strip-once.ts";
import { tasksOf } from "../modules/tasks.ts";
import { type Definitions, loadDefinitions, loadHooks } from "../modules.ts";
import type { ToCommands } from "../process/command-messages.ts";
import { type CodeFacts, childFds, type FromChild, type ToChild } from "../process/messages.ts";
import { Scheduler } from "../scheduler.ts";
import type { StoreHealth } from "../service/store-health.ts";
import { Together } from "../service/together.ts";
import type { Service } from "../service.ts";
import { FlightRecorder } from "../worker/flight-recorder.ts";
import { MainLoop } from "../worker/main-loop.ts";
import type { RunnerListener } from "../worker/runner.ts";
import { Threads } from "../worker/threads.ts";
import { Worker } from "../worker.ts";

export interface ServiceOptions {
  readonly boot: Extract<ToChild, { type: "boot" }>;
  readonly store: Store;
  readonly health: StoreHealth;
  readonly log: Log;
  readonly send: (message: FromChild) => void;
  readonly giveUp: (cause: string) => void;
}

export interface MadeService {
  readonly service: Service;
  /** Names of the jobs it has code for. */
  readonly names: readonly string[];
  /** What its code says together with the configuration; null: it has none. */
  readonly code: CodeFacts | null;
  /** The flags of its runner, for the watchdog; null when it runs no jobs. */
  readonly flags: SharedArrayBuffer | null;
  /** For what the supervisor says to this kind of child alone. */
  readonly take?: (message: ToCommands) => void;
}

export async function makeService(options: ServiceOptions): Promise<MadeService> {
  const { config, role } = options.boot;
  const stripped = keepStripped();
  if (config.hooks) await loadHooks(config.hooks);
  if (role.kind === "worker") {
    const definitions = await loadDefinitions(config.jobs);
    checkAdapters(config, definitions);
    const code = await factsOf(config, definitions);
    return { ...makeWorker(options, { definitions, stripped }), code };
  }
  const service = makeTogether(options);
  // usually workers know the code of jobs, and nobody else carries it
  if (config.workers.length > 0) return { service, names: [], code: null, flags: null };
  const definitions = config.scheduler ? await loadDefinitions(config.jobs) : new Map();
  return { service, names: [], code: await factsOf(config, definitions), flags: null };
}

async function factsOf(config: Config, definitions: Definitions): Promise<CodeFacts> {
  return { tasks: await tasksOf(config, definitions), doubts: doubtsOf(config, definitions) };
}

/** Dispatcher and scheduler, as far as the configuration has them. */
function makeTogether({ boot, store, health, log }: ServiceOptions): Together {
  const { dispatcher, scheduler, process } = boot.config;
  const services: Service[] = [];
  if (dispatcher)
    services.push(new Dispatcher({ config: dispatcher, process, store, health, log }));
  if (scheduler) {
    const { vacantSince } = boot;
    services.push(new Scheduler({ config: scheduler, store, health, log, vacantSince }));
  }
  const { pollingIntervalMs: pollMs } = dispatcher ?? defaults.dispatcher;
  return new Together({ store, services, pollMs });
}

interface Code {
  readonly definitions: Definitions;
  readonly stripped: Stripped;
}

function makeWorker(options: ServiceOptions, code: Code): Omit<MadeService, "code"> {
  const { boot, store, health, log, giveUp } = options;
  if (boot.role.kind !== "worker") throw new Error("only a worker runs jobs");
  const worker = new Worker({
    config: boot.role.worker,
    processId: boot.processId,
    store,
    health,
    definitions: code.definitions,
    log,
    recorder: new FlightRecorder(childFds.recorder),
    makeRunner: (listener) => makeRunner(options, { ...code, listener }),
    giveUp,
  });
  const names = [...code.definitions.keys()];
  return { service: worker, names, flags: worker.runner.flags.buffer };
}

function makeRunner(
  { boot, log }: ServiceOptions,
  { definitions, stripped, listener }: Code & { listener: RunnerListener },
): MainLoop | Threads {
  if (boot.role.kind !== "worker") throw new Error("only a worker runs jobs");
  const { threads, concurrency } = boot.role.worker;
  const { interruptionAdapters, jobs: modules, hooks } = boot.config;
  const options = { threads, concurrency, modules, hooks, interruptionAdapters };
  if (threads > 0) return new Threads(options, stripped, listener);
  return new MainLoop({
    ...options,
    definitions,
    listener,
    logger: (job) => jobLogger(log.write, job),
  });
}
