// What limits cost and how exact they are, on both stores; with peers on PostgreSQL and Redis.

import type { Measurement } from "../harness/measurement.ts";
import { chain } from "./flow/chain.ts";
import { cost } from "./flow/cost.ts";
import { keys } from "./flow/keys.ts";
import { rate } from "./flow/rate.ts";
import { unique } from "./flow/unique.ts";

export const flow: readonly Measurement[] = [chain, keys, cost, rate, unique];
