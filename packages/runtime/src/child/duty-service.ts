// Makes the service of a child without jobs of its own: dispatcher and scheduler. It loads the code
// of jobs only where no worker does.

import { defaults } from "../config/defaults.ts";
import { Dispatcher } from "../dispatcher.ts";
import { keepStripped } from "../modules/strip-once.ts";
import { loadDefinitions, loadHooks } from "../modules.ts";
import { Scheduler } from "../scheduler.ts";
import { Together } from "../service/together.ts";
import type { Service } from "../service.ts";
import { codeFacts } from "./code-facts.ts";
import type { MadeService, ServiceOptions } from "./services.ts";

export async function makeService(options: ServiceOptions): Promise<MadeService> {
  const { config } = options.boot;
  keepStripped();
  if (config.hooks) await loadHooks(config.hooks);
  const service = makeTogether(options);
  // usually workers know the code of jobs, and nobody else carries it
  if (config.workers.length > 0) return { service, names: [], code: null, flags: null };
  const definitions = config.scheduler ? await loadDefinitions(config.jobs) : new Map();
  return { service, names: [], code: await codeFacts(config, definitions), flags: null };
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
