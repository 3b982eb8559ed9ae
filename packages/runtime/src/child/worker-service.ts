// Makes the service of a worker, with the code of its jobs loaded.

import { jobLogger } from "../log/job-logger.ts";
import { checkAdapters } from "../modules/adapters.ts";
import { keepStripped, type Stripped } from "../modules/strip-once.ts";
import { type Definitions, loadDefinitions, loadHooks } from "../modules.ts";
import { childFds } from "../process/messages.ts";
import { FlightRecorder } from "../worker/flight-recorder.ts";
import { MainLoop } from "../worker/main-loop.ts";
import type { RunnerListener } from "../worker/runner.ts";
import { Threads } from "../worker/threads.ts";
import { Worker } from "../worker.ts";
import { codeFacts } from "./code-facts.ts";
import type { MadeService, ServiceOptions } from "./services.ts";

export async function makeService(options: ServiceOptions): Promise<MadeService> {
  const { config } = options.boot;
  const stripped = keepStripped();
  if (config.hooks) await loadHooks(config.hooks);
  const definitions = await loadDefinitions(config.jobs);
  checkAdapters(config, definitions);
  const code = await codeFacts(config, definitions);
  return { ...makeWorker(options, { definitions, stripped }), code };
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
