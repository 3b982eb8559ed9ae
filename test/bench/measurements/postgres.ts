// What only PostgreSQL is measured for, in order; the comparison with peers is here.

import type { Measurement } from "../harness/measurement.ts";
import { drain } from "./postgres/drain.ts";

export const onPostgres: readonly Measurement[] = [drain];
