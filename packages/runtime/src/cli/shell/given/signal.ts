// A signal as people write it: by name in any case, with or without SIG, or by number.

import { constants } from "node:os";
import { UsageError } from "../../line/errors.ts";
import { quoted } from "../../terminal/text.ts";

/** @throws UsageError */
export function readSignal(text: string): NodeJS.Signals {
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  const found = Object.entries(constants.signals).find(
    ([each, number]) => each === name || String(number) === text,
  );
  if (found !== undefined) return found[0] as NodeJS.Signals;
  throw new UsageError(`${quoted(text)} is not a signal; write one like INT, TERM, KILL or 15`);
}
