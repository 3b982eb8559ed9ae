// What a signal does to a command that runs, and what whoever asked for it is answered.

import type { LiveAnswer, LiveCommand } from "../../control/live-commands.ts";
import type { Delivery } from "../../process/process-group.ts";

export function signalsOf(
  { paused }: LiveCommand,
  wanted: readonly NodeJS.Signals[],
): readonly NodeJS.Signals[] {
  const continued = paused && wanted.some((signal) => endings.includes(signal));
  return continued ? ["SIGCONT", ...wanted] : wanted;
}

/**
 * A stopped process takes none of these until it goes on, and a KILL at once; whatever else is sent
 * to it waits, as it always does.
 */
const endings: readonly string[] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"];

/** As it is afterwards. */
export function does(command: LiveCommand, signals: readonly NodeJS.Signals[]): LiveCommand {
  const last = signals.findLast((signal) => signal === "SIGSTOP" || signal === "SIGCONT");
  const paused = last === undefined ? command.paused : last === "SIGSTOP";
  return { ...command, paused, signalsSent: [...command.signalsSent, ...signals] };
}

/** The same run, whoever looks after it now. */
export function isSame({ process: one }: LiveCommand, { process: other }: LiveCommand): boolean {
  return one.pid === other.pid && one.startTicks === other.startTicks;
}

/** null: it does not run. */
export function answerOf(id: number, delivery: Delivery | null): LiveAnswer {
  switch (delivery) {
    case "sent":
      return { id, outcome: "done" };
    case "denied":
      return { id, outcome: "refused", error: `command ${id} runs as another user` };
    case "gone":
      return { id, outcome: "refused", error: `command ${id} has just ended` };
    case null:
      return { id, outcome: "unknown", error: `command ${id} does not run` };
    default:
      return impossible(delivery);
  }
}

function impossible(delivery: never): never {
  throw new Error(`a delivery nobody knows: ${String(delivery)}`);
}
