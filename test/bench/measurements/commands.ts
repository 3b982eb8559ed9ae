// Shell commands as jobs, beside nq and task-spooler where those are installed.

import type { Measurement } from "../harness/measurement.ts";
import { add } from "./commands/add.ts";
import { chain } from "./commands/chain.ts";
import { kill } from "./commands/kill.ts";
import { log } from "./commands/log.ts";
import { spawn } from "./commands/spawn.ts";
import { status } from "./commands/status.ts";
import { throughput } from "./commands/throughput.ts";
import { weight } from "./commands/weight.ts";

/** Where the store has a say. */
export const commandsOnBoth: readonly Measurement[] = [add, spawn, throughput, chain, kill, status];

export const commands: readonly Measurement[] = [...commandsOnBoth, log, weight];
