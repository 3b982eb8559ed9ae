// What each signal asks of a supervisor.

import type { SignalName } from "../process/signals.ts";
import { terminalIsGone } from "../process/terminal.ts";
import type { Shutdown } from "./shutdown.ts";

export interface Obedient {
  readonly shutdown: Shutdown;
  readonly isQuiet: () => boolean;
  stop(cause: string, advance?: () => void): void;
  quiet(on: boolean): void;
  reload(): void;
}

export function obey(name: SignalName, runtime: Obedient): void {
  const { shutdown } = runtime;
  switch (name) {
    case "SIGTERM":
    case "SIGINT":
      return runtime.stop(name, () => shutdown.signal(name));
    case "SIGQUIT":
      return runtime.stop(name, () => shutdown.hasten(name, "kill"));
    case "SIGTSTP":
      return runtime.quiet(true);
    case "SIGCONT":
      return runtime.isQuiet() ? runtime.quiet(false) : undefined;
    case "SIGHUP":
      if (terminalIsGone()) return runtime.stop("the terminal closed");
      return runtime.reload();
    default:
      return impossible(name);
  }
}

function impossible(name: never): never {
  throw new Error(`a signal nobody knows: ${String(name)}`);
}
