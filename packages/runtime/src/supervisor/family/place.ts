// A place in the family: who fills it now, and how its children fared.

import type { Config } from "../../config.ts";
import type { Role } from "../../process/messages.ts";
import { BackOff } from "./back-off.ts";
import type { Child } from "./child.ts";
import { rolesOf } from "./roles.ts";

export interface Place {
  readonly role: Role;
  readonly backOff: BackOff;
  child: Child | null;
  replacing: NodeJS.Timeout | undefined;
  /** Since when nobody fills it who was expected to, by the monotonic clock. */
  vacantSince: number | null;
  /** Of a generation that could not boot: whatever comes up of it is not wanted any more. */
  dropped: boolean;
}

export function newPlaces(config: Config): Place[] {
  return rolesOf(config).map(newPlace);
}

export function newPlace(role: Role): Place {
  return {
    role,
    backOff: new BackOff(),
    child: null,
    replacing: undefined,
    vacantSince: null,
    dropped: false,
  };
}
